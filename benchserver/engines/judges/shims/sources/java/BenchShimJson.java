// JSON as null, Boolean, String, Digits, java.util.List and java.util.Map.
class BenchShimJson {
    static final int DEPTH = 100, FRAME = 16 << 20, NODES = 1_000_000;

    static final class Misfit extends RuntimeException {
        Misfit(String text) { super(text, null, false, false); }
    }


    record Digits(String text) {}

    static final class Parser {
        final String text;
        int at, nodes;

        Parser(String text) { this.text = text; }

        char peek() {
            while (at < text.length() && " \n\t\r".indexOf(text.charAt(at)) >= 0) at++;
            return at < text.length() ? text.charAt(at) : 0;
        }

        char next() {
            if (at >= text.length()) throw new Misfit("cut");
            return text.charAt(at++);
        }

        boolean take(char c) {
            boolean found = peek() == c;
            if (found) at++;
            return found;
        }

        void expect(char c) {
            if (!take(c)) throw new Misfit("malformed");
        }

        Object word(String word, Object value) {
            if (!text.startsWith(word, at)) throw new Misfit("malformed");
            at += word.length();
            return value;
        }

        Object value(int depth) {
            if (depth > DEPTH || ++nodes > NODES) throw new Misfit("too deep or too large");
            switch (peek()) {
                case 'n': return word("null", null);
                case 't': return word("true", true);
                case 'f': return word("false", false);
                case '"': return string();
                case '[': return list(depth);
                case '{': return object(depth);
                default: return number();
            }
        }

        Digits number() {
            int start = at;
            while (at < text.length() && "+-.eE0123456789".indexOf(text.charAt(at)) >= 0) at++;
            if (at == start) throw new Misfit("malformed");
            return new Digits(text.substring(start, at));
        }

        java.util.List<Object> list(int depth) {
            java.util.List<Object> made = new java.util.ArrayList<>();
            expect('[');
            if (take(']')) return made;
            do made.add(value(depth + 1)); while (take(','));
            expect(']');
            return made;
        }

        java.util.Map<String, Object> object(int depth) {
            java.util.Map<String, Object> made = new java.util.LinkedHashMap<>();
            expect('{');
            if (take('}')) return made;
            do {
                peek();
                String name = string();
                expect(':');
                made.put(name, value(depth + 1));
            } while (take(','));
            expect('}');
            return made;
        }

        String string() {
            StringBuilder made = new StringBuilder();
            expect('"');
            for (char c = next(); c != '"'; c = next()) made.append(c == '\\' ? escaped() : c);
            return made.toString();
        }

        char escaped() {
            char c = next();
            switch (c) {
                case 'n': return '\n';
                case 't': return '\t';
                case 'r': return '\r';
                case 'b': return '\b';
                case 'f': return '\f';
                case 'u':
                    at += 4;
                    return (char) Integer.parseInt(text.substring(at - 4, at), 16);
                default: return c;
            }
        }
    }
}
