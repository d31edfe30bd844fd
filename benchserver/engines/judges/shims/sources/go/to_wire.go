// From a value of any type to JSON with tags, sizes and depth capped.

package main

import (
	"bytes"
	"fmt"
	"math"
	"math/big"
	"reflect"
	"strconv"
)

type benchShimWriter struct {
	bytes.Buffer
	nodes int
}

func (w *benchShimWriter) text(value string) {
	w.WriteByte('"')
	for i := 0; i < len(value); i++ {
		switch c := value[i]; {
		case c == '"' || c == '\\':
			w.WriteByte('\\')
			w.WriteByte(c)
		case c < ' ':
			fmt.Fprintf(w, "\\u%04x", c)
		default:
			w.WriteByte(c)
		}
	}
	w.WriteByte('"')
}

func (w *benchShimWriter) integer(digits string) {
	if len(digits) > 18 {
		fmt.Fprintf(w, "{\"$int\":\"%s\"}", digits)
	} else {
		w.WriteString(digits)
	}
}

func (w *benchShimWriter) float(value float64) {
	switch {
	case math.IsNaN(value):
		w.WriteString("{\"$float\":\"nan\"}")
	case math.IsInf(value, 1):
		w.WriteString("{\"$float\":\"inf\"}")
	case math.IsInf(value, -1):
		w.WriteString("{\"$float\":\"-inf\"}")
	default:
		w.WriteString(strconv.FormatFloat(value, 'e', -1, 64))
	}
}

func (w *benchShimWriter) list(count int, item func(int)) {
	w.WriteByte('[')
	for i := 0; i < count; i++ {
		if i > 0 {
			w.WriteByte(',')
		}
		item(i)
	}
	w.WriteByte(']')
}

func (w *benchShimWriter) put(value reflect.Value, depth int) {
	w.nodes++
	if depth > benchShimDepth || w.nodes > benchShimNodes || w.Len() > benchShimFrame {
		benchShimRefuse("too deep or too large")
	}
	switch value.Kind() {
	case reflect.Invalid:
		w.WriteString("null")
	case reflect.Bool:
		w.WriteString(strconv.FormatBool(value.Bool()))
	case reflect.String:
		w.text(value.String())
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		w.integer(strconv.FormatInt(value.Int(), 10))
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		w.integer(strconv.FormatUint(value.Uint(), 10))
	case reflect.Float32, reflect.Float64:
		w.float(value.Float())
	case reflect.Slice, reflect.Array:
		w.list(value.Len(), func(i int) { w.put(value.Index(i), depth+1) })
	case reflect.Map:
		w.WriteString("{\"$dict\":")
		keys := value.MapKeys()
		w.list(len(keys), func(i int) {
			w.WriteByte('[')
			w.put(keys[i], depth+1)
			w.WriteByte(',')
			w.put(value.MapIndex(keys[i]), depth+1)
			w.WriteByte(']')
		})
		w.WriteByte('}')
	case reflect.Interface, reflect.Ptr:
		w.point(value, depth)
	case reflect.Struct:
		w.WriteString("{\"$tuple\":")
		w.list(value.NumField(), func(i int) { w.put(value.Field(i), depth+1) })
		w.WriteByte('}')
	default:
		benchShimRefuse("no value of this type can be passed")
	}
}

func (w *benchShimWriter) point(value reflect.Value, depth int) {
	if value.IsNil() {
		w.WriteString("null")
	} else if value.Type() == reflect.TypeOf((*big.Int)(nil)) && value.CanInterface() {
		fmt.Fprintf(w, "{\"$int\":\"%s\"}", value.Interface().(*big.Int).String())
	} else {
		w.put(value.Elem(), depth+1)
	}
}
