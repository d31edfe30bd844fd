// From JSON to the types of the solution's method; what does not fit them is a Misfit.
class BenchShimFromWire extends BenchShimJson {
    static Object tag(Object value, String... names) {
        if (value instanceof java.util.Map<?, ?> map && map.size() == 1)
            for (String name : names)
                if (map.containsKey(name)) return map.get(name);
        return null;
    }

    static java.util.List<?> items(Object value) {
        Object inner = tag(value, "$tuple", "$set", "$frozenset", "$deque");
        if ((inner == null ? value : inner) instanceof java.util.List<?> list) return list;
        throw new Misfit("a list is expected");
    }

    static java.math.BigInteger integer(Object value) {
        try {
            if (value instanceof Digits digits) return new java.math.BigInteger(digits.text());
            if (tag(value, "$int") instanceof String text)
                return text.contains("x")
                        ? new java.math.BigInteger(text.replace("0x", ""), 16)
                        : new java.math.BigInteger(text);
        } catch (NumberFormatException problem) {
            throw new Misfit("an integer is expected");
        }
        throw new Misfit("an integer is expected");
    }

    static double real(Object value) {
        if (value instanceof Digits digits) return Double.parseDouble(digits.text());
        if (tag(value, "$float") instanceof String text)
            switch (text) {
                case "nan": return Double.NaN;
                case "inf": return Double.POSITIVE_INFINITY;
                case "-inf": return Double.NEGATIVE_INFINITY;
                default: return Double.parseDouble(text);
            }
        throw new Misfit("a number is expected");
    }

    static String text(Object value) {
        if (value instanceof String text) return text;
        throw new Misfit("a string is expected");
    }

    static long within(Object value, long low, long high) {
        java.math.BigInteger found = integer(value);
        if (found.bitLength() > 63 || found.longValue() < low || found.longValue() > high)
            throw new Misfit("an integer is out of range");
        return found.longValue();
    }

    static Object scalar(Object value, Class<?> kind) {
        if (kind == boolean.class || kind == Boolean.class) {
            if (value instanceof Boolean) return value;
            throw new Misfit("a boolean is expected");
        }
        if (kind == char.class || kind == Character.class) {
            String letter = text(value);
            if (letter.length() != 1) throw new Misfit("a char is expected");
            return letter.charAt(0);
        }
        if (kind == byte.class || kind == Byte.class)
            return (byte) within(value, Byte.MIN_VALUE, Byte.MAX_VALUE);
        if (kind == short.class || kind == Short.class)
            return (short) within(value, Short.MIN_VALUE, Short.MAX_VALUE);
        if (kind == int.class || kind == Integer.class)
            return (int) within(value, Integer.MIN_VALUE, Integer.MAX_VALUE);
        if (kind == long.class || kind == Long.class)
            return within(value, Long.MIN_VALUE, Long.MAX_VALUE);
        if (kind == float.class || kind == Float.class) return (float) real(value);
        if (kind == double.class || kind == Double.class) return real(value);
        if (kind == java.math.BigInteger.class) return integer(value);
        if (kind == String.class || kind == CharSequence.class) return text(value);
        return null;
    }

    static java.lang.reflect.Type inner(java.lang.reflect.Type type, int position) {
        if (type instanceof java.lang.reflect.ParameterizedType full)
            return full.getActualTypeArguments()[position];
        return Object.class;
    }

    static Class<?> raw(java.lang.reflect.Type type) {
        if (type instanceof Class<?> kind) return kind;
        if (type instanceof java.lang.reflect.ParameterizedType full) return raw(full.getRawType());
        if (type instanceof java.lang.reflect.GenericArrayType array)
            return java.lang.reflect.Array.newInstance(raw(array.getGenericComponentType()), 0)
                    .getClass();
        if (type instanceof java.lang.reflect.WildcardType wild) return raw(wild.getUpperBounds()[0]);
        return Object.class;
    }

    static Object get(Object value, java.lang.reflect.Type type) throws Exception {
        Class<?> kind = raw(type);
        if (kind == java.util.Optional.class)
            return value == null
                    ? java.util.Optional.empty()
                    : java.util.Optional.of(get(value, inner(type, 0)));
        if (value == null) {
            if (kind.isPrimitive()) throw new Misfit("no null is expected");
            return null;
        }
        Object scalar = scalar(value, kind);
        if (scalar != null) return scalar;
        if (kind == Object.class || kind == Number.class || kind == Comparable.class)
            return loose(value, kind);
        if (kind.isArray()) return array(value, kind, type);
        if (java.util.Map.class.isAssignableFrom(kind)) return map(value, kind, type);
        if (Iterable.class.isAssignableFrom(kind) && kind.getPackageName().equals("java.util")
                || kind == Iterable.class) return collection(value, kind, type);
        return made(value, kind, type);
    }

    static Object array(Object value, Class<?> kind, java.lang.reflect.Type type) throws Exception {
        java.util.List<?> items = items(value);
        java.lang.reflect.Type part = type instanceof java.lang.reflect.GenericArrayType array
                ? array.getGenericComponentType()
                : kind.getComponentType();
        Object made = java.lang.reflect.Array.newInstance(kind.getComponentType(), items.size());
        for (int i = 0; i < items.size(); i++)
            java.lang.reflect.Array.set(made, i, get(items.get(i), part));
        return made;
    }

    @SuppressWarnings("unchecked")
    static Object collection(Object value, Class<?> kind, java.lang.reflect.Type type)
            throws Exception {
        java.util.Collection<Object> made;
        if (!kind.isInterface() && !java.lang.reflect.Modifier.isAbstract(kind.getModifiers()))
            made = (java.util.Collection<Object>) kind.getDeclaredConstructor().newInstance();
        else if (kind.isAssignableFrom(java.util.ArrayList.class))
            made = new java.util.ArrayList<>();
        else if (kind.isAssignableFrom(java.util.LinkedHashSet.class))
            made = new java.util.LinkedHashSet<>();
        else if (kind.isAssignableFrom(java.util.TreeSet.class)) made = new java.util.TreeSet<>();
        else made = new java.util.ArrayDeque<>();
        for (Object item : items(value)) made.add(get(item, inner(type, 0)));
        return made;
    }

    @SuppressWarnings("unchecked")
    static Object map(Object value, Class<?> kind, java.lang.reflect.Type type) throws Exception {
        java.util.Map<Object, Object> made;
        if (!kind.isInterface() && !java.lang.reflect.Modifier.isAbstract(kind.getModifiers()))
            made = (java.util.Map<Object, Object>) kind.getDeclaredConstructor().newInstance();
        else if (kind.isAssignableFrom(java.util.LinkedHashMap.class))
            made = new java.util.LinkedHashMap<>();
        else made = new java.util.TreeMap<>();
        for (Object[] pair : pairs(value))
            made.put(get(pair[0], inner(type, 0)), get(pair[1], inner(type, 1)));
        return made;
    }

    static java.util.List<Object[]> pairs(Object value) {
        java.util.List<Object[]> made = new java.util.ArrayList<>();
        Object tagged = tag(value, "$dict");
        if (tagged != null) {
            for (Object pair : items(tagged)) {
                java.util.List<?> both = items(pair);
                if (both.size() != 2) throw new Misfit("a pair is expected");
                made.add(both.toArray());
            }
            return made;
        }
        if (!(value instanceof java.util.Map<?, ?> map)) throw new Misfit("a map is expected");
        map.forEach((name, inner) -> made.add(new Object[] {name, inner}));
        return made;
    }

    // Tuples, records and plain classes: the one constructor of as many parameters.
    static Object made(Object value, Class<?> kind, java.lang.reflect.Type type) throws Exception {
        java.util.List<?> items = items(value);
        for (java.lang.reflect.Constructor<?> builder : kind.getDeclaredConstructors()) {
            if (builder.getParameterCount() != items.size()) continue;
            Object[] parts = new Object[items.size()];
            java.lang.reflect.Type[] types = builder.getGenericParameterTypes();
            for (int i = 0; i < parts.length; i++)
                parts[i] = get(items.get(i),
                        types[i] instanceof java.lang.reflect.TypeVariable ? inner(type, i) : types[i]);
            builder.setAccessible(true);
            return builder.newInstance(parts);
        }
        throw new Misfit("no value of this type can be passed");
    }

    static Object loose(Object value, Class<?> kind) throws Exception {
        Object made = value;
        if (value instanceof Digits digits) {
            if (digits.text().matches("-?[0-9]{1,9}")) made = Integer.valueOf(digits.text());
            else if (digits.text().matches("-?[0-9]+")) made = scalar(value, long.class);
            else made = real(value);
        } else if (value instanceof java.util.List<?>) {
            made = collection(value, java.util.List.class, java.util.List.class);
        } else if (tag(value, "$int") != null) {
            made = integer(value);
        } else if (tag(value, "$float") != null) {
            made = real(value);
        } else if (tag(value, "$tuple", "$deque") != null) {
            made = collection(value, java.util.List.class, java.util.List.class);
        } else if (tag(value, "$set", "$frozenset") != null) {
            made = collection(value, java.util.Set.class, java.util.Set.class);
        } else if (value instanceof java.util.Map<?, ?>) {
            made = map(value, java.util.Map.class, java.util.Map.class);
        }
        if (!kind.isInstance(made)) throw new Misfit("another type is expected");
        return made;
    }
}
