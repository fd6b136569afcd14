package audit

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"iter"

	"satchel/fhir"
)

// record is an event as a JSON object: all that [Sum] covers, so that whoever has the lines can check the chain.
type record struct {
	Seq      int64    `json:"seq"`
	Time     string   `json:"time"`
	Who      string   `json:"who"`
	Kind     Kind     `json:"kind"`
	From     string   `json:"from"`
	Action   Action   `json:"action"`
	TypeCode string   `json:"typeCode"`
	Target   string   `json:"target"`
	Outcome  Outcome  `json:"outcome"`
	Status   int      `json:"status"`
	Patients []string `json:"patients"`
	More     int      `json:"morePatients"`
	Detail   string   `json:"detail"`
	Request  string   `json:"requestId"`
	Hash     string   `json:"hash"`
}

// JSON writes an event as one JSON object without a line end. Every field is there, also an empty one.
func JSON(e Event) []byte {
	r := record{e.Seq, fhir.FormatInstant(e.Time), e.Who.Name, e.Who.Kind, e.From, e.Action, e.Action.Code(), e.Target, e.Outcome,
		e.Status, e.Patients, e.More, e.Detail, e.RequestID, e.Hash}
	if r.Patients == nil {
		r.Patients = []string{}
	}
	return marshal(r)
}

// marshal writes JSON as it is read by people: without escapes meant for HTML. What is given to it cannot fail.
func marshal(v any) []byte {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		panic("audit: " + err.Error())
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}

// WriteNDJSON writes one line of JSON per event, and stops at the first error of either side.
func WriteNDJSON(w io.Writer, events iter.Seq2[Event, error]) error {
	return writeLines(w, events, JSON)
}

// WriteFHIR writes one AuditEvent per line, and stops at the first error of either side.
func WriteFHIR(w io.Writer, events iter.Seq2[Event, error]) error {
	return writeLines(w, events, FHIR)
}

func writeLines(w io.Writer, events iter.Seq2[Event, error], format func(Event) []byte) error {
	b := bufio.NewWriterSize(w, 64<<10)
	for e, err := range events {
		if err != nil {
			return err
		}
		if _, err := b.Write(append(format(e), '\n')); err != nil {
			return err
		}
	}
	return b.Flush()
}
