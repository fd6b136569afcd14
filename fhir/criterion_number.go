package fhir

import (
	"math/big"
	"strconv"
	"strings"
)

// parseDecimal reads a FHIR decimal exactly. unit is the power of ten of its last digit. Numbers of more than 40
// digits or beyond 1e±40 are refused: no measurement has them, and they would cost much to compare.
func parseDecimal(s string) (value *big.Rat, unit int, ok bool) {
	const limit = 40
	digits, exponent, scientific := s, "", false
	if i := strings.IndexAny(s, "eE"); i >= 0 {
		digits, exponent, scientific = s[:i], s[i+1:], true
	}
	power := 0
	if scientific {
		n, err := strconv.Atoi(exponent)
		if err != nil || n < -limit || n > limit {
			return nil, 0, false
		}
		power = n
	}
	whole, fraction, point := strings.Cut(strings.TrimPrefix(digits, "-"), ".")
	if whole == "" || point && fraction == "" || len(whole)+len(fraction) > limit || !allDigits(whole) || !allDigits(fraction) {
		return nil, 0, false
	}
	value, ok = new(big.Rat).SetString(s)
	return value, power - len(fraction), ok
}

func allDigits(s string) bool {
	for i := range len(s) {
		if !isDigit(s[i]) {
			return false
		}
	}
	return true
}

// interval is the numbers from low to high, both in it; nil is an open side.
type interval struct{ low, high *big.Rat }

// numberTest compares a number.
type numberTest struct {
	prefix    string
	value     *big.Rat
	low, high *big.Rat // what "eq" and "ap" take for the same number; low is in it, high is for "ap" only
}

// readNumber reads a number with a prefix. "eq" and "ne" mean the number within the precision given (100 is 99.5 to
// 100.5), "ap" within a tenth of it; the other prefixes take it as exact.
func readNumber(value string) (t numberTest, ok bool) {
	prefix, rest, ok := prefixOf(value)
	if !ok {
		return t, false
	}
	number, unit, ok := parseDecimal(rest)
	if !ok {
		return t, false
	}
	around, _ := new(big.Rat).SetString("0.5e" + strconv.Itoa(unit))
	if prefix == "ap" {
		tenth := new(big.Rat).Mul(number, big.NewRat(1, 10))
		if tenth.Abs(tenth).Cmp(around) > 0 {
			around = tenth
		}
	}
	return numberTest{prefix, number, new(big.Rat).Sub(number, around), new(big.Rat).Add(number, around)}, true
}

const useNumber = "write a number like 5.4, with or without one of the prefixes eq, ne, gt, lt, ge, le, sa, eb and ap"

func parseNumber(name, value string) (test, error) {
	t, ok := readNumber(unescape(value))
	if !ok {
		return nil, badValue(name, value, useNumber)
	}
	return t, nil
}

func (t numberTest) matches(e *end, v node) bool {
	have, ok := numberOf(v, e.typ)
	return ok && t.fits(have)
}

func (t numberTest) ranges(*param) []Range { return nil }

// numberOf reads a number or a Range.
func numberOf(v node, typ string) (interval, bool) {
	if typ == "Range" {
		low, _, hasLow := parseDecimal(textOf(v.field("low"), "value"))
		high, _, hasHigh := parseDecimal(textOf(v.field("high"), "value"))
		return interval{low, high}, hasLow || hasHigh
	}
	n, _, ok := parseDecimal(view(v.bytes()))
	return interval{n, n}, ok
}

// fits compares by the prefix.
func (t numberTest) fits(have interval) bool {
	same := have.low != nil && have.high != nil && have.low.Cmp(t.low) >= 0 && have.high.Cmp(t.high) < 0
	switch t.prefix {
	case "eq":
		return same
	case "ne":
		return !same
	case "gt":
		return have.high == nil || have.high.Cmp(t.value) > 0
	case "ge":
		return have.high == nil || have.high.Cmp(t.value) >= 0
	case "lt":
		return have.low == nil || have.low.Cmp(t.value) < 0
	case "le":
		return have.low == nil || have.low.Cmp(t.value) <= 0
	case "sa":
		return have.low != nil && have.low.Cmp(t.value) > 0
	case "eb":
		return have.high != nil && have.high.Cmp(t.value) < 0
	}
	return (have.low == nil || have.low.Cmp(t.high) <= 0) && (have.high == nil || have.high.Cmp(t.low) >= 0) // ap
}

// quantityTest compares a number and, if given, its unit.
type quantityTest struct {
	number   numberTest
	anyUnit  bool
	coded    bool // a system was given: the code must be of it; otherwise code or unit will do
	system   string
	unitCode string
}

// parseQuantity reads "number", "number|system|code" and "number||code".
func parseQuantity(name, value string) (test, error) {
	parts := splitUnescaped(value, '|')
	number, ok := readNumber(unescape(parts[0]))
	if !ok {
		return nil, badValue(name, value, useNumber)
	}
	switch {
	case len(parts) == 1:
		return quantityTest{number: number, anyUnit: true}, nil
	case len(parts) == 3 && parts[2] != "":
		return quantityTest{number: number, coded: parts[1] != "", system: unescape(parts[1]), unitCode: unescape(parts[2])}, nil
	}
	return nil, badValue(name, value, "write number, number|system|code or number||code")
}

func (t quantityTest) matches(e *end, v node) bool {
	have, ok := quantityOf(v, e.typ)
	return ok && (t.anyUnit || t.hasUnit(v, e.typ)) && t.number.fits(have)
}

func (t quantityTest) ranges(*param) []Range { return nil }

// hasUnit compares the unit. Both sides of a Range have the same, so one that is there will do.
func (t quantityTest) hasUnit(v node, typ string) bool {
	switch typ {
	case "Range":
		return t.hasUnit(v.field("low"), "") || t.hasUnit(v.field("high"), "")
	case "Money":
		return textOf(v, "currency") == t.unitCode && (!t.coded || t.system == "urn:iso:std:iso:4217")
	}
	code := textOf(v, "code")
	if t.coded {
		return code == t.unitCode && textOf(v, "system") == t.system
	}
	return code == t.unitCode || textOf(v, "unit") == t.unitCode
}

// quantityOf reads a quantity, money or Range. A comparator opens a side: "<5" is everything below 5.
func quantityOf(v node, typ string) (interval, bool) {
	if typ == "Range" {
		return numberOf(v, typ)
	}
	n, _, ok := parseDecimal(textOf(v, "value"))
	switch textOf(v, "comparator") {
	case "<", "<=":
		return interval{nil, n}, ok
	case ">", ">=":
		return interval{n, nil}, ok
	}
	return interval{n, n}, ok
}
