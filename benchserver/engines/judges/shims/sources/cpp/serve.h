// Frames and calls; continues containers.h.

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
