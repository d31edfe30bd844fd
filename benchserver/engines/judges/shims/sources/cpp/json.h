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
