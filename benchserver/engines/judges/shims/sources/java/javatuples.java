// The tuples that Java tasks of the field name ``org.javatuples``: immutable, equal by their parts.
abstract class Tuple implements Iterable<Object>, java.io.Serializable, Comparable<Tuple> {
    private final Object[] parts;

    Tuple(Object... parts) { this.parts = parts; }

    public final int getSize() { return parts.length; }
    public final Object getValue(int position) { return parts[position]; }
    public final boolean contains(Object value) { return toList().contains(value); }
    public final java.util.List<Object> toList() { return java.util.Arrays.asList(parts.clone()); }
    public final Object[] toArray() { return parts.clone(); }
    public final java.util.Iterator<Object> iterator() { return toList().iterator(); }

    @Override public final boolean equals(Object other) {
        return other != null && other.getClass() == getClass()
                && java.util.Arrays.equals(parts, ((Tuple) other).parts);
    }
    @Override public final int hashCode() { return java.util.Arrays.hashCode(parts); }
    @Override public final String toString() { return toList().toString(); }
    @SuppressWarnings({"unchecked", "rawtypes"})
    @Override public final int compareTo(Tuple other) {
        for (int i = 0; i < Math.min(parts.length, other.parts.length); i++) {
            int order = ((Comparable) parts[i]).compareTo(other.parts[i]);
            if (order != 0) return order;
        }
        return Integer.compare(parts.length, other.parts.length);
    }
}

final class Unit<A> extends Tuple {
    private final A value0;

    public Unit(A value0) {
        super(value0);
        this.value0 = value0;
    }
    public static <A> Unit<A> with(A value0) {
        return new Unit<>(value0);
    }
    public A getValue0() { return value0; }
    public <X> Unit<X> setAt0(X value) { return new Unit<>(value); }
}

final class Pair<A, B> extends Tuple {
    private final A value0;
    private final B value1;

    public Pair(A value0, B value1) {
        super(value0, value1);
        this.value0 = value0;
        this.value1 = value1;
    }
    public static <A, B> Pair<A, B> with(A value0, B value1) {
        return new Pair<>(value0, value1);
    }
    public A getValue0() { return value0; }
    public B getValue1() { return value1; }
    public <X> Pair<X, B> setAt0(X value) { return new Pair<>(value, value1); }
    public <X> Pair<A, X> setAt1(X value) { return new Pair<>(value0, value); }
}

final class Triplet<A, B, C> extends Tuple {
    private final A value0;
    private final B value1;
    private final C value2;

    public Triplet(A value0, B value1, C value2) {
        super(value0, value1, value2);
        this.value0 = value0;
        this.value1 = value1;
        this.value2 = value2;
    }
    public static <A, B, C> Triplet<A, B, C> with(A value0, B value1, C value2) {
        return new Triplet<>(value0, value1, value2);
    }
    public A getValue0() { return value0; }
    public B getValue1() { return value1; }
    public C getValue2() { return value2; }
    public <X> Triplet<X, B, C> setAt0(X value) { return new Triplet<>(value, value1, value2); }
    public <X> Triplet<A, X, C> setAt1(X value) { return new Triplet<>(value0, value, value2); }
    public <X> Triplet<A, B, X> setAt2(X value) { return new Triplet<>(value0, value1, value); }
}

final class Quartet<A, B, C, D> extends Tuple {
    private final A value0;
    private final B value1;
    private final C value2;
    private final D value3;

    public Quartet(A value0, B value1, C value2, D value3) {
        super(value0, value1, value2, value3);
        this.value0 = value0;
        this.value1 = value1;
        this.value2 = value2;
        this.value3 = value3;
    }
    public static <A, B, C, D> Quartet<A, B, C, D> with(A value0, B value1, C value2, D value3) {
        return new Quartet<>(value0, value1, value2, value3);
    }
    public A getValue0() { return value0; }
    public B getValue1() { return value1; }
    public C getValue2() { return value2; }
    public D getValue3() { return value3; }
    public <X> Quartet<X, B, C, D> setAt0(X value) { return new Quartet<>(value, value1, value2, value3); }
    public <X> Quartet<A, X, C, D> setAt1(X value) { return new Quartet<>(value0, value, value2, value3); }
    public <X> Quartet<A, B, X, D> setAt2(X value) { return new Quartet<>(value0, value1, value, value3); }
    public <X> Quartet<A, B, C, X> setAt3(X value) { return new Quartet<>(value0, value1, value2, value); }
}

final class Quintet<A, B, C, D, E> extends Tuple {
    private final A value0;
    private final B value1;
    private final C value2;
    private final D value3;
    private final E value4;

    public Quintet(A value0, B value1, C value2, D value3, E value4) {
        super(value0, value1, value2, value3, value4);
        this.value0 = value0;
        this.value1 = value1;
        this.value2 = value2;
        this.value3 = value3;
        this.value4 = value4;
    }
    public static <A, B, C, D, E> Quintet<A, B, C, D, E> with(A value0, B value1, C value2, D value3, E value4) {
        return new Quintet<>(value0, value1, value2, value3, value4);
    }
    public A getValue0() { return value0; }
    public B getValue1() { return value1; }
    public C getValue2() { return value2; }
    public D getValue3() { return value3; }
    public E getValue4() { return value4; }
    public <X> Quintet<X, B, C, D, E> setAt0(X value) { return new Quintet<>(value, value1, value2, value3, value4); }
    public <X> Quintet<A, X, C, D, E> setAt1(X value) { return new Quintet<>(value0, value, value2, value3, value4); }
    public <X> Quintet<A, B, X, D, E> setAt2(X value) { return new Quintet<>(value0, value1, value, value3, value4); }
    public <X> Quintet<A, B, C, X, E> setAt3(X value) { return new Quintet<>(value0, value1, value2, value, value4); }
    public <X> Quintet<A, B, C, D, X> setAt4(X value) { return new Quintet<>(value0, value1, value2, value3, value); }
}

final class Sextet<A, B, C, D, E, F> extends Tuple {
    private final A value0;
    private final B value1;
    private final C value2;
    private final D value3;
    private final E value4;
    private final F value5;

    public Sextet(A value0, B value1, C value2, D value3, E value4, F value5) {
        super(value0, value1, value2, value3, value4, value5);
        this.value0 = value0;
        this.value1 = value1;
        this.value2 = value2;
        this.value3 = value3;
        this.value4 = value4;
        this.value5 = value5;
    }
    public static <A, B, C, D, E, F> Sextet<A, B, C, D, E, F> with(A value0, B value1, C value2, D value3, E value4, F value5) {
        return new Sextet<>(value0, value1, value2, value3, value4, value5);
    }
    public A getValue0() { return value0; }
    public B getValue1() { return value1; }
    public C getValue2() { return value2; }
    public D getValue3() { return value3; }
    public E getValue4() { return value4; }
    public F getValue5() { return value5; }
    public <X> Sextet<X, B, C, D, E, F> setAt0(X value) { return new Sextet<>(value, value1, value2, value3, value4, value5); }
    public <X> Sextet<A, X, C, D, E, F> setAt1(X value) { return new Sextet<>(value0, value, value2, value3, value4, value5); }
    public <X> Sextet<A, B, X, D, E, F> setAt2(X value) { return new Sextet<>(value0, value1, value, value3, value4, value5); }
    public <X> Sextet<A, B, C, X, E, F> setAt3(X value) { return new Sextet<>(value0, value1, value2, value, value4, value5); }
    public <X> Sextet<A, B, C, D, X, F> setAt4(X value) { return new Sextet<>(value0, value1, value2, value3, value, value5); }
    public <X> Sextet<A, B, C, D, E, X> setAt5(X value) { return new Sextet<>(value0, value1, value2, value3, value4, value); }
}
