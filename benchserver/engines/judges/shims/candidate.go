// Serves calls of one Go function as data: frames of JSON on descriptors 3 and 4.
// The types are those of the function itself; what does not fit them is a TypeError of the call.

package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"math/big"
	"os"
	"reflect"
	"strconv"
	"unicode/utf8"
)

const (
	benchShimDepth = 100
	benchShimFrame = 16 << 20
	benchShimNodes = 1000000
)

type benchShimMisfit string

func benchShimRefuse(text string) { panic(benchShimMisfit(text)) }

type benchShimMessage struct {
	Id   uint64        `json:"id"`
	Args []interface{} `json:"args"`
}

// ---- from the wire ------------------------------------------------------------------------

// The inner value of an object that is one of these tags.
func benchShimTag(value interface{}, names ...string) (interface{}, bool) {
	object, ok := value.(map[string]interface{})
	if !ok || len(object) != 1 {
		return nil, false
	}
	for _, name := range names {
		if inner, found := object[name]; found {
			return inner, true
		}
	}
	return nil, false
}

func benchShimItems(value interface{}) []interface{} {
	if inner, ok := benchShimTag(value, "$tuple", "$set", "$frozenset", "$deque"); ok {
		value = inner
	}
	items, ok := value.([]interface{})
	if !ok {
		benchShimRefuse("a list is expected")
	}
	return items
}

func benchShimInteger(value interface{}) *big.Int {
	text, base := "", 10
	if number, ok := value.(json.Number); ok {
		text = string(number)
	} else if inner, ok := benchShimTag(value, "$int"); ok {
		text, _ = inner.(string)
		base = 0
	}
	made, ok := new(big.Int).SetString(text, base)
	if !ok {
		benchShimRefuse("an integer is expected")
	}
	return made
}

func benchShimFloat(value interface{}) float64 {
	text := ""
	if number, ok := value.(json.Number); ok {
		text = string(number)
	} else if inner, ok := benchShimTag(value, "$float"); ok {
		text, _ = inner.(string)
	}
	made, err := strconv.ParseFloat(text, 64)
	if err != nil && !math.IsInf(made, 0) {
		benchShimRefuse("a number is expected")
	}
	return made
}

func benchShimText(value interface{}) string {
	text, ok := value.(string)
	if !ok {
		benchShimRefuse("a string is expected")
	}
	return text
}

func benchShimPairs(value interface{}) [][2]interface{} {
	made := [][2]interface{}{}
	if inner, ok := benchShimTag(value, "$dict"); ok {
		for _, pair := range benchShimItems(inner) {
			both := benchShimItems(pair)
			if len(both) != 2 {
				benchShimRefuse("a pair is expected")
			}
			made = append(made, [2]interface{}{both[0], both[1]})
		}
		return made
	}
	object, ok := value.(map[string]interface{})
	if !ok {
		benchShimRefuse("a map is expected")
	}
	for name, inner := range object {
		made = append(made, [2]interface{}{name, inner})
	}
	return made
}

func benchShimGet(value interface{}, kind reflect.Type) reflect.Value {
	made := reflect.New(kind).Elem()
	switch kind.Kind() {
	case reflect.Bool:
		truth, ok := value.(bool)
		if !ok {
			benchShimRefuse("a bool is expected")
		}
		made.SetBool(truth)
	case reflect.String:
		made.SetString(benchShimText(value))
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		benchShimSetInt(made, value)
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		number := benchShimInteger(value)
		if !number.IsUint64() || made.OverflowUint(number.Uint64()) {
			benchShimRefuse("an integer is out of range")
		}
		made.SetUint(number.Uint64())
	case reflect.Float32, reflect.Float64:
		made.SetFloat(benchShimFloat(value))
	case reflect.Slice, reflect.Array:
		benchShimFill(made, value)
	case reflect.Map:
		made.Set(reflect.MakeMap(kind))
		for _, pair := range benchShimPairs(value) {
			made.SetMapIndex(benchShimGet(pair[0], kind.Key()), benchShimGet(pair[1], kind.Elem()))
		}
	case reflect.Interface:
		if loose := benchShimLoose(value); loose != nil {
			if !reflect.TypeOf(loose).AssignableTo(kind) {
				benchShimRefuse("an interface without methods is expected")
			}
			made.Set(reflect.ValueOf(loose))
		}
	case reflect.Ptr:
		benchShimPoint(made, value, kind)
	case reflect.Struct:
		items := benchShimItems(value)
		if len(items) != kind.NumField() {
			benchShimRefuse("another number of fields is expected")
		}
		for i := range items {
			if !made.Field(i).CanSet() {
				benchShimRefuse("the fields are not exported")
			}
			made.Field(i).Set(benchShimGet(items[i], kind.Field(i).Type))
		}
	default:
		benchShimRefuse("no value of this type can be passed")
	}
	return made
}

// A rune or a byte may be given as a string of one character.
func benchShimSetInt(made reflect.Value, value interface{}) {
	if text, ok := value.(string); ok && made.Kind() == reflect.Int32 {
		if letter, size := utf8.DecodeRuneInString(text); size == len(text) && size > 0 {
			made.SetInt(int64(letter))
			return
		}
	}
	number := benchShimInteger(value)
	if !number.IsInt64() || made.OverflowInt(number.Int64()) {
		benchShimRefuse("an integer is out of range")
	}
	made.SetInt(number.Int64())
}

func benchShimFill(made reflect.Value, value interface{}) {
	if value == nil && made.Kind() == reflect.Slice {
		return
	}
	items := benchShimItems(value)
	if made.Kind() == reflect.Slice {
		made.Set(reflect.MakeSlice(made.Type(), len(items), len(items)))
	} else if made.Len() != len(items) {
		benchShimRefuse("another length is expected")
	}
	for i := range items {
		made.Index(i).Set(benchShimGet(items[i], made.Type().Elem()))
	}
}

func benchShimPoint(made reflect.Value, value interface{}, kind reflect.Type) {
	if value == nil {
		return
	}
	if kind == reflect.TypeOf((*big.Int)(nil)) {
		made.Set(reflect.ValueOf(benchShimInteger(value)))
		return
	}
	inner := reflect.New(kind.Elem())
	inner.Elem().Set(benchShimGet(value, kind.Elem()))
	made.Set(inner)
}

// What stands where any type may: int, float64, string, bool, nil, []interface{}, map.
func benchShimLoose(value interface{}) interface{} {
	switch found := value.(type) {
	case json.Number:
		if number, err := strconv.Atoi(string(found)); err == nil {
			return number
		}
		return benchShimFloat(found)
	case []interface{}:
		made := []interface{}{}
		for _, item := range found {
			made = append(made, benchShimLoose(item))
		}
		return made
	case map[string]interface{}:
		return benchShimLooseObject(found)
	default:
		return value
	}
}

func benchShimLooseObject(object map[string]interface{}) interface{} {
	if _, ok := benchShimTag(object, "$int"); ok {
		return benchShimInteger(object)
	}
	if _, ok := benchShimTag(object, "$float"); ok {
		return benchShimFloat(object)
	}
	if items, ok := benchShimTag(object, "$tuple", "$set", "$frozenset", "$deque"); ok {
		return benchShimLoose(items)
	}
	made := map[interface{}]interface{}{}
	plain := map[string]interface{}{}
	for _, pair := range benchShimPairs(object) {
		made[benchShimLoose(pair[0])] = benchShimLoose(pair[1])
		if name, ok := pair[0].(string); ok {
			plain[name] = made[name]
		}
	}
	if len(plain) == len(made) {
		return plain
	}
	return made
}

// ---- to the wire --------------------------------------------------------------------------

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

// ---- frames and calls ---------------------------------------------------------------------

func benchShimReceive(input io.Reader) []byte {
	head := make([]byte, 8)
	if _, err := io.ReadFull(input, head); err != nil {
		os.Exit(0)
	}
	length, err := strconv.ParseUint(string(head), 16, 32)
	if err != nil {
		os.Exit(1)
	}
	body := make([]byte, length)
	if _, err := io.ReadFull(input, body); err != nil {
		os.Exit(0)
	}
	return body
}

func benchShimSend(output io.Writer, body []byte) {
	if _, err := output.Write(append([]byte(fmt.Sprintf("%08x", len(body))), body...)); err != nil {
		os.Exit(0)
	}
}

// The last result of type error is how a Go function raises.
func benchShimCall(function reflect.Value, given []interface{}, w *benchShimWriter) {
	kind := function.Type()
	if kind.IsVariadic() || len(given) != kind.NumIn() {
		benchShimRefuse("another number of arguments")
	}
	args := make([]reflect.Value, len(given))
	for i := range given {
		args[i] = benchShimGet(given[i], kind.In(i))
	}
	found := function.Call(args)
	if last := len(found) - 1; last >= 0 && kind.Out(last) == reflect.TypeOf((*error)(nil)).Elem() {
		if !found[last].IsNil() {
			benchShimRefuse("the function returned an error")
		}
		found = found[:last]
	}
	switch len(found) {
	case 0:
		w.WriteString("null")
	case 1:
		w.put(found[0], 0)
	default:
		w.WriteString("{\"$tuple\":")
		w.list(len(found), func(i int) { w.put(found[i], 1) })
		w.WriteByte('}')
	}
}

func benchShimAnswer(function reflect.Value, message benchShimMessage) (reply []byte) {
	defer func() {
		if problem := recover(); problem != nil {
			text, misfit := problem.(benchShimMisfit)
			w := &benchShimWriter{}
			fmt.Fprintf(w, "{\"id\":%d,\"error\":\"panic\",\"text\":", message.Id)
			if misfit {
				w.Reset()
				fmt.Fprintf(w, "{\"id\":%d,\"error\":\"TypeError\",\"text\":", message.Id)
			}
			w.text(string(text))
			w.WriteByte('}')
			reply = w.Bytes()
		}
	}()
	w := &benchShimWriter{}
	fmt.Fprintf(w, "{\"id\":%d,\"ok\":", message.Id)
	benchShimCall(function, message.Args, w)
	w.WriteByte('}')
	if w.Len() > benchShimFrame {
		benchShimRefuse("answer too large")
	}
	return w.Bytes()
}

func benchShimServe(function interface{}) {
	input, output := os.NewFile(3, "in"), os.NewFile(4, "out")
	benchShimSend(output, []byte("{\"load\":\"ok\",\"error\":\"\"}"))
	for {
		decoder := json.NewDecoder(bytes.NewReader(benchShimReceive(input)))
		decoder.UseNumber()
		message := benchShimMessage{}
		if decoder.Decode(&message) != nil {
			os.Exit(1)
		}
		benchShimSend(output, benchShimAnswer(reflect.ValueOf(function), message))
	}
}
