// From an object of any type to JSON with tags, sizes and depth capped.
class BenchShimToWire extends BenchShimFromWire {
    static final class Writer {
        final StringBuilder out = new StringBuilder();
        int nodes;

        void text(String value) {
            out.append('"');
            for (int i = 0; i < value.length(); i++) {
                char c = value.charAt(i);
                if (c == '"' || c == '\\') out.append('\\').append(c);
                else if (c < ' ' || c > '~') out.append(String.format("\\u%04x", (int) c));
                else out.append(c);
            }
            out.append('"');
        }

        void list(String open, Iterable<?> values, String close, int depth) throws Exception {
            String before = "";
            out.append(open);
            for (Object value : values) {
                out.append(before);
                before = ",";
                put(value, depth + 1);
            }
            out.append(close);
        }

        void number(Object value) {
            double wide = ((Number) value).doubleValue();
            if (value instanceof Float || value instanceof Double) {
                if (Double.isNaN(wide)) out.append("{\"$float\":\"nan\"}");
                else if (Double.isInfinite(wide))
                    out.append(wide > 0 ? "{\"$float\":\"inf\"}" : "{\"$float\":\"-inf\"}");
                else out.append(wide);
            } else {
                String digits = value.toString();
                if (digits.length() > 18) out.append("{\"$int\":\"").append(digits).append("\"}");
                else out.append(digits);
            }
        }

        void put(Object value, int depth) throws Exception {
            if (depth > DEPTH || ++nodes > NODES || out.length() > FRAME)
                throw new Misfit("too deep or too large");
            if (value == null) out.append("null");
            else if (value instanceof Boolean) out.append(value);
            else if (value instanceof CharSequence || value instanceof Character)
                text(value.toString());
            else if (value instanceof java.math.BigDecimal || !(value instanceof Number))
                structure(value, depth);
            else number(value);
        }

        void structure(Object value, int depth) throws Exception {
            if (value instanceof java.util.Optional<?> maybe) put(maybe.orElse(null), depth + 1);
            else if (value instanceof java.util.OptionalInt maybe)
                put(maybe.isPresent() ? maybe.getAsInt() : null, depth + 1);
            else if (value instanceof java.util.OptionalLong maybe)
                put(maybe.isPresent() ? maybe.getAsLong() : null, depth + 1);
            else if (value instanceof java.util.OptionalDouble maybe)
                put(maybe.isPresent() ? maybe.getAsDouble() : null, depth + 1);
            else if (value instanceof java.util.Map<?, ?> map) map(map, depth);
            else if (value instanceof java.util.Map.Entry<?, ?> pair)
                list("{\"$tuple\":[", java.util.Arrays.asList(pair.getKey(), pair.getValue()), "]}",
                        depth);
            else if (value instanceof java.util.Set<?> set) list("{\"$set\":[", set, "]}", depth);
            else if (value instanceof java.util.Collection<?> values) list("[", values, "]", depth);
            else if (value.getClass().isArray()) {
                java.util.List<Object> values = new java.util.ArrayList<>();
                for (int i = 0; i < java.lang.reflect.Array.getLength(value); i++)
                    values.add(java.lang.reflect.Array.get(value, i));
                list("[", values, "]", depth);
            } else if (value instanceof Iterable<?> tuple && value instanceof java.io.Serializable)
                list("{\"$tuple\":[", tuple, "]}", depth);
            else if (value instanceof java.lang.Record) record(value, depth);
            else throw new Misfit("no value of this type can be passed");
        }

        void map(java.util.Map<?, ?> map, int depth) throws Exception {
            String before = "[";
            out.append("{\"$dict\":[");
            for (java.util.Map.Entry<?, ?> pair : map.entrySet()) {
                out.append(before);
                before = ",[";
                put(pair.getKey(), depth + 1);
                out.append(',');
                put(pair.getValue(), depth + 1);
                out.append(']');
            }
            out.append("]}");
        }

        void record(Object value, int depth) throws Exception {
            java.util.List<Object> parts = new java.util.ArrayList<>();
            for (java.lang.reflect.RecordComponent part : value.getClass().getRecordComponents()) {
                part.getAccessor().setAccessible(true);
                parts.add(part.getAccessor().invoke(value));
            }
            list("{\"$tuple\":[", parts, "]}", depth);
        }
    }
}
