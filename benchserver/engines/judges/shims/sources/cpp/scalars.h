// Values without parts, both ways; continues json.h.

template <class T>
struct Wire;  // get: JSON -> T; put: T -> JSON

inline const std::vector<Json>& items_of(const Json& json) {
  const Json* inner = &json;
  for (const char* name : {"$tuple", "$set", "$frozenset", "$deque"})
    if (const Json* found = json.tag(name)) inner = found;
  if (inner->kind != Json::kList) throw WireError("a list is expected");
  return inner->items;
}

template <class T>
T integer(const Json& json) {
  std::string digits;
  bool negative = false;
  int base = 10;
  if (json.kind == Json::kNumber) {
    digits = json.text;
  } else if (const Json* big = json.tag("$int"); big && big->kind == Json::kText) {
    digits = big->text;
  } else {
    throw WireError("an integer is expected");
  }
  if (!digits.empty() && digits[0] == '-') negative = true, digits.erase(0, 1);
  if (digits.rfind("0x", 0) == 0) base = 16, digits.erase(0, 2);
  if (digits.empty()) throw WireError("an integer is expected");
  T value = 0;
  for (char c : digits) {
    T digit = c >= '0' && c <= '9' ? c - '0' : base == 16 && c >= 'a' && c <= 'f' ? c - 87 : 99;
    if (digit == 99) throw WireError("an integer is expected");
    bool bad = __builtin_mul_overflow(value, static_cast<T>(base), &value);
    bad |= negative ? __builtin_sub_overflow(value, digit, &value)
                    : __builtin_add_overflow(value, digit, &value);
    if (bad) throw WireError("an integer is out of range");
  }
  return value;
}

template <class T>
  requires(std::is_integral_v<T> || std::is_same_v<T, __int128> ||
           std::is_same_v<T, unsigned __int128>)
struct Wire<T> {
  static T get(const Json& json) { return integer<T>(json); }
  static void put(Writer& w, T value, int) {
    bool negative = value < 0;
    std::string digits;
    do {
      int digit = static_cast<int>(value % 10);
      digits += static_cast<char>('0' + (digit < 0 ? -digit : digit));
      value /= 10;
    } while (value != 0);
    bool big = digits.size() > 18;  // plain JSON numbers stay within what every reader holds
    if (negative) digits += '-';
    std::reverse(digits.begin(), digits.end());
    w.out += big ? "{\"$int\":\"" + digits + "\"}" : digits;
  }
};

template <>
struct Wire<bool> {
  static bool get(const Json& json) {
    if (json.kind != Json::kBool) throw WireError("a bool is expected");
    return json.truth;
  }
  static void put(Writer& w, bool value, int) { w.out += value ? "true" : "false"; }
};

template <class T>
  requires std::is_floating_point_v<T>
struct Wire<T> {
  static T get(const Json& json) {
    const Json* special = json.tag("$float");
    if (json.kind != Json::kNumber && !special) throw WireError("a number is expected");
    return static_cast<T>(std::strtod((special ? special->text : json.text).c_str(), nullptr));
  }
  static void put(Writer& w, T value, int) {
    double wide = static_cast<double>(value);
    char digits[40];
    if (std::isfinite(wide)) {
      std::snprintf(digits, sizeof digits, "%.17g", wide);
      w.out += digits;
      if (!std::strpbrk(digits, ".e")) w.out += ".0";
    } else {
      w.out += "{\"$float\":\"";
      w.out += std::isnan(wide) ? "nan" : wide > 0 ? "inf" : "-inf";
      w.out += "\"}";
    }
  }
};

template <>
struct Wire<std::string> {
  static std::string get(const Json& json) {
    if (json.kind != Json::kText) throw WireError("a string is expected");
    return json.text;
  }
  static void put(Writer& w, const std::string& value, int) { w.text(value); }
};

template <>
struct Wire<std::string_view> {  // what it looks at lives as long as the arguments
  static std::string_view get(const Json& json) {
    if (json.kind != Json::kText) throw WireError("a string is expected");
    return json.text;
  }
  static void put(Writer& w, std::string_view value, int) { w.text(std::string(value)); }
};

template <>
struct Wire<const char*> {
  static const char* get(const Json& json) { return Wire<std::string_view>::get(json).data(); }
  static void put(Writer& w, const char* value, int) {
    if (value) w.text(value);
    else w.out += "null";
  }
};

template <>
struct Wire<char> {  // one character of a string; another integer type is a number
  static char get(const Json& json) {
    if (json.kind == Json::kNumber) return integer<char>(json);
    if (json.kind != Json::kText || json.text.size() != 1) throw WireError("a char is expected");
    return json.text[0];
  }
  static void put(Writer& w, char value, int) { w.text(std::string(1, value)); }
};

template <>
struct Wire<std::monostate> {
  static std::monostate get(const Json& json) {
    if (json.kind != Json::kNull) throw WireError("null is expected");
    return {};
  }
  static void put(Writer& w, std::monostate, int) { w.out += "null"; }
};
