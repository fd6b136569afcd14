package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"text/tabwriter"
	"time"
)

// figures are the measurements of one size. Times are seconds, sizes bytes.
type figures struct {
	Asked         int   `json:"asked"`
	Resources     int   `json:"resources"`
	Bytes         int64 `json:"bytes"` // NDJSON as generated
	DatabaseBytes int64 `json:"databaseBytes"`

	ImportSeconds float64 `json:"importSeconds"`
	ImportPeakRSS int64   `json:"importPeakRSS"`

	ExportSeconds float64 `json:"exportSeconds"` // kick-off to manifest, median
	ExportBytes   int64   `json:"exportBytes"`
	ExportFiles   int     `json:"exportFiles"`
	CopySeconds   float64 `json:"copySeconds"` // the same files, median

	PatientResources int64   `json:"patientResources"`
	PatientP50       float64 `json:"patientP50"`
	PatientP99       float64 `json:"patientP99"`

	Reads   int     `json:"reads"`
	ReadP50 float64 `json:"readP50"`
	ReadP99 float64 `json:"readP99"`

	ServerPeakRSS int64 `json:"serverPeakRSS"`

	LongResources  int64   `json:"longRecordVersions"` // in the package of the patient with the long record
	LongBytes      int64   `json:"longRecordBytes"`
	LongSeconds    float64 `json:"longRecordSeconds"` // start of the command to its end, median
	LongRSS        int64   `json:"longRecordPeakRSS"`
	TypicalSeconds float64 `json:"typicalRecordSeconds"`

	PopulationBytes         int64   `json:"populationBytes"`
	PopulationFiles         int64   `json:"populationFiles"`
	PopulationSeconds       float64 `json:"populationSeconds"`
	PopulationExportSeconds float64 `json:"populationExportSeconds"` // exports between the packages, median
	PopulationRSS           int64   `json:"populationPeakRSS"`

	VerifySeconds float64 `json:"verifySeconds"`
	SumSeconds    float64 `json:"sha256sumSeconds"` // over the same files
	VerifyRSS     int64   `json:"verifyPeakRSS"`
}

type report struct {
	Time    time.Time `json:"time"`
	Machine string    `json:"machine"`
	Version string    `json:"version"`
	Command string    `json:"command"`
	Sizes   []figures `json:"sizes"`
}

func newReport(o options) report {
	version, _ := exec.Command(o.satchel, "version").Output()
	return report{
		Time:    time.Now().UTC().Truncate(time.Second),
		Machine: fmt.Sprintf("%s/%s, %d cores, %s", runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), runtime.Version()),
		Version: strings.TrimSpace(string(version)),
		Command: strings.Join(os.Args, " "),
	}
}

func (r report) write(path string) error {
	b, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(b, '\n'), 0o644)
}

// table prints one column per size.
func (r report) table(out io.Writer) {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	row := func(label string, cell func(f figures) string) {
		fmt.Fprint(w, label, "\t")
		for _, f := range r.Sizes {
			fmt.Fprint(w, cell(f), "\t")
		}
		fmt.Fprintln(w)
	}
	fmt.Fprintf(out, "%s; %s\n", r.Machine, r.Version)
	row("resources", func(f figures) string { return fmt.Sprint(f.Resources) })
	row("JSON, MB", func(f figures) string { return mb(f.Bytes) })
	row("database, MB", func(f figures) string { return mb(f.DatabaseBytes) })
	row("import, resources/s", func(f figures) string { return rate(float64(f.Resources), f.ImportSeconds) })
	row("import, peak RSS MB", func(f figures) string { return mb(f.ImportPeakRSS) })
	row("export of everything, s", func(f figures) string { return fmt.Sprintf("%.2f", f.ExportSeconds) })
	row("  resources/s", func(f figures) string { return rate(float64(f.Resources), f.ExportSeconds) })
	row("  MB/s", func(f figures) string { return rate(float64(f.ExportBytes)/1e6, f.ExportSeconds) })
	row("  files", func(f figures) string { return fmt.Sprint(f.ExportFiles) })
	row("plain copy of its files, s", func(f figures) string { return fmt.Sprintf("%.2f", f.CopySeconds) })
	row("export speed / copy speed", func(f figures) string { return fmt.Sprintf("%.2f", f.CopySeconds/f.ExportSeconds) })
	row("one patient, resources", func(f figures) string { return fmt.Sprint(f.PatientResources) })
	row("  kick-off to manifest p50 / p99, ms", func(f figures) string { return ms(f.PatientP50) + " / " + ms(f.PatientP99) })
	row("reads during an export", func(f figures) string { return fmt.Sprint(f.Reads) })
	row("  p50 / p99, ms", func(f figures) string { return ms(f.ReadP50) + " / " + ms(f.ReadP99) })
	row("server, peak RSS MB", func(f figures) string { return mb(f.ServerPeakRSS) })
	row("package of one patient, versions", func(f figures) string { return fmt.Sprint(f.LongResources) })
	row("  MB, with 200 attachments", func(f figures) string { return mb(f.LongBytes) })
	row("  s", func(f figures) string { return fmt.Sprintf("%.2f", f.LongSeconds) })
	row("  peak RSS MB", func(f figures) string { return mb(f.LongRSS) })
	row("  of the typical patient, s", func(f figures) string { return fmt.Sprintf("%.2f", f.TypicalSeconds) })
	row("package of everybody, s", func(f figures) string { return fmt.Sprintf("%.2f", f.PopulationSeconds) })
	row("  MB", func(f figures) string { return mb(f.PopulationBytes) })
	row("  export of everything, s", func(f figures) string { return fmt.Sprintf("%.2f", f.PopulationExportSeconds) })
	row("  package speed / export speed", func(f figures) string { return ratio(f.PopulationExportSeconds, f.PopulationSeconds) })
	row("  peak RSS MB", func(f figures) string { return mb(f.PopulationRSS) })
	row("verify it, s", func(f figures) string { return fmt.Sprintf("%.2f", f.VerifySeconds) })
	row("  sha256sum of its files, s", func(f figures) string { return fmt.Sprintf("%.2f", f.SumSeconds) })
	row("  verify speed / sha256sum speed", func(f figures) string { return ratio(f.SumSeconds, f.VerifySeconds) })
	row("  peak RSS MB", func(f figures) string { return mb(f.VerifyRSS) })
	if n := len(r.Sizes); n > 1 {
		a, b := r.Sizes[0], r.Sizes[n-1]
		growth := (b.ExportSeconds / float64(b.Resources)) / (a.ExportSeconds / float64(a.Resources))
		defer fmt.Fprintf(out, "export time per resource, largest against smallest: %.2f\n", growth)
	}
	w.Flush()
}

func mb(b int64) string { return fmt.Sprintf("%.0f", float64(b)/1e6) }

func ms(s float64) string { return fmt.Sprintf("%.1f", s*1e3) }

func ratio(a, b float64) string {
	if b == 0 {
		return "-"
	}
	return fmt.Sprintf("%.2f", a/b)
}

func rate(n, seconds float64) string {
	if seconds == 0 {
		return "-"
	}
	return fmt.Sprintf("%.0f", n/seconds)
}
