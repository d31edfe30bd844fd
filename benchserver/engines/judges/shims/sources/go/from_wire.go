// From decoded JSON to the types of the solution's function, by reflection; what does not fit them
// is a TypeError of the call. Part of the shim: untrusted like the solution.

package main

import (
	"encoding/json"
	"math"
	"math/big"
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
