// Values with parts, both ways; continues scalars.h.

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
