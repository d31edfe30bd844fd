// Serves calls of one C++ function as data: frames of JSON on descriptors 3 and 4.
// The types are those of the function itself; what does not fit them is a TypeError of the call.
#include <bits/stdc++.h>

namespace bench_shim {

extern "C" long read(int, void*, unsigned long);
extern "C" long write(int, const void*, unsigned long);
extern "C" void _exit(int) __attribute__((__noreturn__));

constexpr int kIn = 3, kOut = 4, kDepth = 100;
constexpr std::size_t kFrame = 16u << 20, kNodes = 1000000;

struct WireError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// ---- JSON ------------------------------------------------------------------------------------

struct Json {
  enum Kind { kNull, kBool, kNumber, kText, kList, kObject } kind = kNull;
  bool truth = false;
  std::string text;  // of a number: its digits
  std::vector<Json> items;
  std::vector<std::pair<std::string, Json>> fields;

  const Json* field(const char* name) const {
    for (const auto& pair : fields)
      if (pair.first == name) return &pair.second;
    return nullptr;
  }
  // The inner value of an object that is one tag, else null.
  const Json* tag(const char* name) const {
    if (kind != kObject || fields.size() != 1 || fields[0].first != name) return nullptr;
    return &fields[0].second;
  }
};

class Parser {
 public:
  explicit Parser(const std::string& text) : at_(text.data()), end_(at_ + text.size()) {}

  Json whole() {
    Json found = value(0);
    blanks();
    if (at_ != end_) throw WireError("more than one value");
    return found;
  }

 private:
  const char* at_;
  const char* end_;
  std::size_t nodes_ = 0;

  void blanks() {
    while (at_ != end_ && (*at_ == ' ' || *at_ == '\n' || *at_ == '\t' || *at_ == '\r')) ++at_;
  }
  char next() {
    if (at_ == end_) throw WireError("cut");
    return *at_++;
  }
  bool take(char c) {
    blanks();
    if (at_ == end_ || *at_ != c) return false;
    ++at_;
    return true;
  }
  void expect(char c) {
    if (!take(c)) throw WireError("malformed");
  }
  void word(const char* rest) {
    for (; *rest; ++rest)
      if (next() != *rest) throw WireError("malformed");
  }

  Json value(int depth) {
    if (depth > kDepth || ++nodes_ > kNodes) throw WireError("too deep or too large");
    blanks();
    Json made;
    switch (char c = next()) {
      case 'n': word("ull"); break;
      case 't': word("rue"); made.kind = Json::kBool; made.truth = true; break;
      case 'f': word("alse"); made.kind = Json::kBool; break;
      case '"': made.kind = Json::kText; made.text = text(); break;
      case '[': made.kind = Json::kList; list(made, depth); break;
      case '{': made.kind = Json::kObject; object(made, depth); break;
      default:
        if (c != '-' && (c < '0' || c > '9')) throw WireError("malformed");
        made.kind = Json::kNumber;
        made.text = c;
        while (at_ != end_ && *at_ && std::strchr("+-.eE0123456789", *at_)) made.text += *at_++;
    }
    return made;
  }
  void list(Json& made, int depth) {
    if (take(']')) return;
    do made.items.push_back(value(depth + 1));
    while (take(','));
    expect(']');
  }
  void object(Json& made, int depth) {
    if (take('}')) return;
    do {
      expect('"');
      std::string name = text();
      expect(':');
      made.fields.emplace_back(std::move(name), value(depth + 1));
    } while (take(','));
    expect('}');
  }
  unsigned hex4() {
    unsigned code = 0;
    for (int i = 0; i < 4; ++i) {
      char c = next();
      const char* digits = "0123456789abcdef";
      const char* found = c ? std::strchr(digits, c >= 'A' && c <= 'F' ? c + 32 : c) : nullptr;
      if (!found) throw WireError("malformed");
      code = code * 16 + static_cast<unsigned>(found - digits);
    }
    return code;
  }
  std::string text() {
    std::string made;
    for (char c = next(); c != '"'; c = next()) {
      if (c != '\\') { made += c; continue; }
      switch (c = next()) {
        case 'n': made += '\n'; break;
        case 't': made += '\t'; break;
        case 'r': made += '\r'; break;
        case 'b': made += '\b'; break;
        case 'f': made += '\f'; break;
        case 'u': utf8(made); break;
        default: made += c;
      }
    }
    return made;
  }
  void utf8(std::string& made) {
    unsigned code = hex4();
    if (code >= 0xD800 && code < 0xDC00) {
      word("\\u");
      code = 0x10000 + ((code - 0xD800) << 10) + (hex4() - 0xDC00);
    }
    if (code < 0x80) {
      made += static_cast<char>(code);
    } else if (code < 0x800) {
      made += static_cast<char>(0xC0 | code >> 6);
      made += static_cast<char>(0x80 | (code & 63));
    } else if (code < 0x10000) {
      made += static_cast<char>(0xE0 | code >> 12);
      made += static_cast<char>(0x80 | (code >> 6 & 63));
      made += static_cast<char>(0x80 | (code & 63));
    } else {
      made += static_cast<char>(0xF0 | code >> 18);
      made += static_cast<char>(0x80 | (code >> 12 & 63));
      made += static_cast<char>(0x80 | (code >> 6 & 63));
      made += static_cast<char>(0x80 | (code & 63));
    }
  }
};

struct Writer {
  std::string out;
  std::size_t nodes = 0;

  void enter(int depth) {
    if (depth > kDepth || ++nodes > kNodes || out.size() > kFrame)
      throw WireError("too deep or too large");
  }
  // Bytes that are not UTF-8 stay as they are: the reader refuses the frame.
  void text(const std::string& value) {
    out += '"';
    for (unsigned char c : value) {
      char escaped[8];
      if (c == '"' || c == '\\') {
        out += '\\';
        out += static_cast<char>(c);
      } else if (c < 0x20) {
        std::snprintf(escaped, sizeof escaped, "\\u%04x", c);
        out += escaped;
      } else {
        out += static_cast<char>(c);
      }
    }
    out += '"';
  }
};

// ---- values ----------------------------------------------------------------------------------

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

template <class C>
void put_items(Writer& w, const C& values, int depth) {
  w.enter(depth);
  w.out += '[';
  bool first = true;
  for (const auto& value : values) {
    if (!first) w.out += ',';
    first = false;
    Wire<typename C::value_type>::put(w, value, depth + 1);
  }
  w.out += ']';
}

template <class C>
struct Sequence {
  static C get(const Json& json) {
    C made;
    for (const Json& item : items_of(json))
      made.insert(made.end(), Wire<typename C::value_type>::get(item));
    return made;
  }
  static void put(Writer& w, const C& values, int depth) { put_items(w, values, depth); }
};
template <class T, class A> struct Wire<std::vector<T, A>> : Sequence<std::vector<T, A>> {};
template <class T, class A> struct Wire<std::list<T, A>> : Sequence<std::list<T, A>> {};
template <class T, class A> struct Wire<std::deque<T, A>> : Sequence<std::deque<T, A>> {};

template <class T, std::size_t N>
struct Wire<std::array<T, N>> {
  static std::array<T, N> get(const Json& json) {
    const auto& items = items_of(json);
    if (items.size() != N) throw WireError("another length is expected");
    std::array<T, N> made{};
    for (std::size_t i = 0; i < N; ++i) made[i] = Wire<T>::get(items[i]);
    return made;
  }
  static void put(Writer& w, const std::array<T, N>& v, int depth) { put_items(w, v, depth); }
};

template <class C>
struct SetLike : Sequence<C> {
  static void put(Writer& w, const C& values, int depth) {
    w.out += "{\"$set\":";
    put_items(w, values, depth);
    w.out += '}';
  }
};
template <class... T> struct Wire<std::set<T...>> : SetLike<std::set<T...>> {};
template <class... T> struct Wire<std::unordered_set<T...>> : SetLike<std::unordered_set<T...>> {};

template <class C>
struct MapLike {
  using K = typename C::key_type;
  using V = typename C::mapped_type;
  static C get(const Json& json) {
    C made;
    if (const Json* pairs = json.tag("$dict")) {
      for (const Json& pair : items_of(*pairs)) {
        const auto& both = items_of(pair);
        if (both.size() != 2) throw WireError("a pair is expected");
        made.emplace(Wire<K>::get(both[0]), Wire<V>::get(both[1]));
      }
      return made;
    }
    if (json.kind != Json::kObject) throw WireError("a map is expected");
    for (const auto& field : json.fields) {
      Json name;
      name.kind = Json::kText;
      name.text = field.first;
      made.emplace(Wire<K>::get(name), Wire<V>::get(field.second));
    }
    return made;
  }
  static void put(Writer& w, const C& values, int depth) {
    w.enter(depth);
    w.out += "{\"$dict\":[";
    bool first = true;
    for (const auto& pair : values) {
      w.out += first ? "[" : ",[";
      first = false;
      Wire<K>::put(w, pair.first, depth + 1);
      w.out += ',';
      Wire<V>::put(w, pair.second, depth + 1);
      w.out += ']';
    }
    w.out += "]}";
  }
};
template <class... T> struct Wire<std::map<T...>> : MapLike<std::map<T...>> {};
template <class... T> struct Wire<std::unordered_map<T...>> : MapLike<std::unordered_map<T...>> {};

template <class... T>
struct Wire<std::tuple<T...>> {
  static std::tuple<T...> get(const Json& json) {
    const auto& items = items_of(json);
    if (items.size() != sizeof...(T)) throw WireError("another length is expected");
    return [&]<std::size_t... I>(std::index_sequence<I...>) {
      return std::tuple<T...>(Wire<T>::get(items[I])...);
    }(std::index_sequence_for<T...>{});
  }
  static void put(Writer& w, const std::tuple<T...>& value, int depth) {
    w.enter(depth);
    w.out += "{\"$tuple\":[";
    bool first = true;
    std::apply(
        [&](const T&... part) {
          ((w.out += first ? "" : ",", first = false, Wire<T>::put(w, part, depth + 1)), ...);
        },
        value);
    w.out += "]}";
  }
};

template <class A, class B>
struct Wire<std::pair<A, B>> {
  static std::pair<A, B> get(const Json& json) {
    auto both = Wire<std::tuple<A, B>>::get(json);
    return {std::get<0>(std::move(both)), std::get<1>(std::move(both))};
  }
  static void put(Writer& w, const std::pair<A, B>& value, int depth) {
    Wire<std::tuple<A, B>>::put(w, {value.first, value.second}, depth);
  }
};

template <class T>
struct Wire<std::optional<T>> {
  static std::optional<T> get(const Json& json) {
    if (json.kind == Json::kNull) return std::nullopt;
    return Wire<T>::get(json);
  }
  static void put(Writer& w, const std::optional<T>& value, int depth) {
    if (value) Wire<T>::put(w, *value, depth);
    else w.out += "null";
  }
};
template <>
struct Wire<std::nullopt_t> {
  static void put(Writer& w, std::nullopt_t, int) { w.out += "null"; }
};

template <class... T>
struct Wire<std::variant<T...>> {  // the first alternative that the value fits
  using V = std::variant<T...>;
  static V get(const Json& json) {
    std::optional<V> made;
    auto attempt = [&]<class A>(std::type_identity<A>) {
      if (made) return;
      try {
        made = V(Wire<A>::get(json));
      } catch (const WireError&) {
      }
    };
    (attempt(std::type_identity<T>{}), ...);
    if (!made) throw WireError("no alternative fits");
    return *std::move(made);
  }
  static void put(Writer& w, const V& value, int depth) {
    std::visit([&]<class A>(const A& part) { Wire<A>::put(w, part, depth); }, value);
  }
};

template <class T>
bool put_any(Writer& w, const std::any& value, int depth) {
  const T* held = std::any_cast<T>(&value);
  if (held) Wire<T>::put(w, *held, depth);
  return held != nullptr;
}

template <>
struct Wire<std::any> {  // scalars and lists of them; an integer is a long, a float a double
  static std::any get(const Json& json) {
    switch (json.kind) {
      case Json::kNull: return {};
      case Json::kBool: return json.truth;
      case Json::kText: return json.text;
      case Json::kList: return Wire<std::vector<std::any>>::get(json);
      case Json::kObject: return Wire<std::map<std::string, std::any>>::get(json);
      case Json::kNumber: break;
    }
    if (json.text.find_first_of(".eE") != std::string::npos) return Wire<double>::get(json);
    return integer<long>(json);
  }
  static void put(Writer& w, const std::any& value, int depth) {
    w.enter(depth);
    if (!value.has_value()) { w.out += "null"; return; }
    bool put = put_any<bool>(w, value, depth) || put_any<int>(w, value, depth) ||
               put_any<long>(w, value, depth) || put_any<long long>(w, value, depth) ||
               put_any<unsigned>(w, value, depth) || put_any<unsigned long>(w, value, depth) ||
               put_any<double>(w, value, depth) || put_any<float>(w, value, depth) ||
               put_any<std::string>(w, value, depth) || put_any<const char*>(w, value, depth) ||
               put_any<char>(w, value, depth) || put_any<std::vector<int>>(w, value, depth) ||
               put_any<std::vector<long>>(w, value, depth) ||
               put_any<std::vector<std::string>>(w, value, depth) ||
               put_any<std::vector<std::any>>(w, value, depth) ||
               put_any<std::map<std::string, std::any>>(w, value, depth);
    if (!put) throw WireError("cannot be passed");
  }
};

// ---- frames and calls ------------------------------------------------------------------------

inline void exactly(char* data, std::size_t count) {
  while (count) {
    long got = read(kIn, data, count);
    if (got <= 0) _exit(0);
    data += got;
    count -= static_cast<std::size_t>(got);
  }
}

inline std::string receive() {
  char head[9] = {};
  exactly(head, 8);
  std::string body(std::strtoul(head, nullptr, 16), '\0');
  exactly(body.data(), body.size());
  return body;
}

inline void send(const std::string& body) {
  char head[9];
  std::snprintf(head, sizeof head, "%08zx", body.size());
  std::string all = head + body;
  for (std::size_t done = 0; done < all.size();) {
    long sent = write(kOut, all.data() + done, all.size() - done);
    if (sent <= 0) _exit(0);
    done += static_cast<std::size_t>(sent);
  }
}

inline std::string failed(const std::string& id, const char* error, const char* text) {
  Writer w;
  w.out = "{\"id\":" + id + ",\"error\":\"" + error + "\",\"text\":";
  w.text(std::string(text).substr(0, 500));
  w.out += '}';
  return w.out;
}

template <class R, class... A>
void call(R (*function)(A...), const std::vector<Json>& given, Writer& w) {
  if (given.size() != sizeof...(A)) throw WireError("another number of arguments is expected");
  std::tuple<std::remove_cvref_t<A>...> args =
      [&]<std::size_t... I>(std::index_sequence<I...>) {
        return std::tuple<std::remove_cvref_t<A>...>{
            Wire<std::remove_cvref_t<A>>::get(given[I])...};
      }(std::index_sequence_for<A...>{});
  auto spread = [&](auto&... part) -> R { return function(static_cast<A>(part)...); };
  if constexpr (std::is_void_v<R>) {
    std::apply(spread, args);
    w.out += "null";
  } else {
    const std::remove_cvref_t<R> value = std::apply(spread, args);
    Wire<std::remove_cvref_t<R>>::put(w, value, 0);
  }
}

template <class R, class... A>
std::string answer(R (*function)(A...), const Json& message) {
  const Json* id = message.field("id");
  const Json* args = message.field("args");
  if (!id || !args) _exit(1);
  try {
    Writer w;
    w.out = "{\"id\":" + id->text + ",\"ok\":";
    call(function, args->items, w);
    w.out += '}';
    if (w.out.size() > kFrame) throw WireError("answer too large");
    return w.out;
  } catch (const WireError& error) {
    return failed(id->text, "TypeError", error.what());
  } catch (const std::bad_alloc&) {
    return failed(id->text, "MemoryError", "");
  } catch (const std::exception& error) {
    return failed(id->text, "exception", error.what());
  } catch (...) {
    return failed(id->text, "exception", "");
  }
}

template <class R, class... A>
int serve(R (*function)(A...)) {
  send("{\"load\":\"ok\",\"error\":\"\"}");
  for (;;) send(answer(function, Parser(receive()).whole()));
}

}  // namespace bench_shim
