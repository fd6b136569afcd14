package web

import (
	"context"
	"net/http"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"satchel/audit"
	"satchel/fhir"
	"satchel/storage"
)

// Metrics are the numbers that /metrics answers, in the text format of Prometheus. No label ever holds what belongs to
// a patient or an account: routes are the patterns of the table. All methods do nothing on nil.
type Metrics struct {
	registry *prometheus.Registry
	allow    []netip.Prefix
	handler  http.Handler

	requests  *prometheus.CounterVec
	seconds   *prometheus.HistogramVec
	bytes     *prometheus.CounterVec
	refused   prometheus.Counter
	ended     *prometheus.CounterVec
	took      prometheus.Histogram
	exported  prometheus.Counter
	resources prometheus.Counter
}

// NewMetrics makes the numbers. allow lists addresses and ranges that may ask for them, besides this machine.
func NewMetrics(version string, allow []string) (*Metrics, error) {
	counter := func(name, help string) prometheus.CounterOpts { return prometheus.CounterOpts{Name: name, Help: help} }
	m := &Metrics{
		registry:  prometheus.NewRegistry(),
		requests:  prometheus.NewCounterVec(counter("satchel_http_requests_total", "Requests answered."), []string{"route", "method", "code"}),
		bytes:     prometheus.NewCounterVec(counter("satchel_http_response_bytes_total", "Bytes of the bodies of answers."), []string{"route"}),
		refused:   prometheus.NewCounter(counter("satchel_sign_in_failures_total", "Requests whose credentials were refused.")),
		ended:     prometheus.NewCounterVec(counter("satchel_exports_total", "Exports that ended."), []string{"state"}),
		exported:  prometheus.NewCounter(counter("satchel_export_bytes_total", "Bytes of the files of complete exports.")),
		resources: prometheus.NewCounter(counter("satchel_export_resources_total", "Resources in the files of complete exports.")),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "satchel_http_request_duration_seconds",
			Help: "Time from a request to the end of its answer.", Buckets: []float64{.005, .025, .1, .5, 2, 10, 60}}, []string{"route"}),
		took: prometheus.NewHistogram(prometheus.HistogramOpts{Name: "satchel_export_duration_seconds",
			Help: "Time that an export ran.", Buckets: []float64{.1, 1, 5, 15, 60, 300, 1800, 7200}}),
	}
	for _, text := range allow {
		prefix, err := parseProxy(text)
		if err != nil {
			return nil, err
		}
		m.allow = append(m.allow, prefix)
	}
	info := prometheus.NewGauge(prometheus.GaugeOpts{Name: "satchel_build_info", Help: "Always 1; the version is in the label.",
		ConstLabels: prometheus.Labels{"version": version}})
	info.Set(1)
	m.registry.MustRegister(m.requests, m.seconds, m.bytes, m.refused, m.ended, m.took, m.exported, m.resources, info,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	m.handler = promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{MaxRequestsInFlight: 2, Timeout: 10 * time.Second})
	return m, nil
}

// Gauge adds a number that is read whenever somebody asks. NaN leaves it unknown.
func (m *Metrics) Gauge(name, help string, read func() float64) {
	if m != nil {
		m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, read))
	}
}

// Names lists what every number means, by its name.
func (m *Metrics) Names() map[string]string {
	descs := make(chan *prometheus.Desc)
	go func() { m.registry.Describe(descs); close(descs) }()
	names := map[string]string{}
	for d := range descs {
		if parts := described.FindStringSubmatch(d.String()); parts != nil {
			names[parts[1]] = parts[2]
		}
	}
	return names
}

// described reads the only form in which a Desc shows itself.
var described = regexp.MustCompile(`fqName: "([^"]*)", help: "([^"]*)"`)

// Watch adds the numbers of a store: its jobs by state and the sizes of its files.
func (m *Metrics) Watch(s *storage.Store) {
	if m == nil {
		return
	}
	m.Gauge("satchel_database_bytes", "Size of the database file.", func() float64 { db, _ := s.Size(); return float64(db) })
	m.Gauge("satchel_wal_bytes", "Size of the write-ahead log.", func() float64 { _, wal := s.Size(); return float64(wal) })
	m.registry.MustRegister(jobsCollector{s})
}

// ExportEnded counts a job that ended.
func (m *Metrics) ExportEnded(state storage.State, took time.Duration, files []storage.JobFile) {
	if m == nil {
		return
	}
	m.ended.WithLabelValues(string(state)).Inc()
	m.took.Observe(took.Seconds())
	for _, f := range files {
		m.exported.Add(float64(f.Bytes))
		m.resources.Add(float64(f.Count))
	}
}

// answered counts a request.
func (m *Metrics) answered(a *Answer, r *http.Request, took time.Duration) {
	if m == nil {
		return
	}
	method := r.Method
	if !slices.Contains([]string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}, method) {
		method = "other" // else a client could make labels without end
	}
	m.requests.WithLabelValues(a.Route, method, strconv.Itoa(a.Status)).Inc()
	m.seconds.WithLabelValues(a.Route).Observe(took.Seconds())
	m.bytes.WithLabelValues(a.Route).Add(float64(a.bytes))
	// What the audit log calls a failed sign-in, however it was tried: by a page, a program, a token or each request.
	known := a.Trail.Action == audit.SignInFailed
	if known || a.Status == http.StatusUnauthorized && (r.Header.Get("Authorization") != "" || r.Method == "POST" && r.URL.Path == TokenPath) {
		m.refused.Inc()
	}
}

// jobsCollector counts the rows of jobs at the moment it is asked.
type jobsCollector struct{ store *storage.Store }

var (
	jobsDesc   = prometheus.NewDesc("satchel_jobs", "Jobs (exports, packages, imports) by state.", []string{"state"}, nil)
	queuedDesc = prometheus.NewDesc("satchel_job_queue_seconds", "How long the job at the head of the queue has waited; 0 without a queue.", nil, nil)
)

func (jobsCollector) Describe(d chan<- *prometheus.Desc) { d <- jobsDesc; d <- queuedDesc }

func (c jobsCollector) Collect(out chan<- prometheus.Metric) {
	ctx, stop := context.WithTimeout(context.Background(), 5*time.Second)
	defer stop()
	jobs, err := c.store.Jobs(ctx)
	if err != nil {
		out <- prometheus.NewInvalidMetric(jobsDesc, err)
		return
	}
	counts := map[storage.State]int{storage.Queued: 0, storage.Running: 0, storage.Complete: 0, storage.Failed: 0, storage.Stopped: 0}
	waited := 0.0
	for _, j := range jobs { // newest first
		counts[j.State]++
		if j.State == storage.Queued {
			waited = max(0, c.store.Now().Sub(j.Created).Seconds())
		}
	}
	for state, n := range counts {
		out <- prometheus.MustNewConstMetric(jobsDesc, prometheus.GaugeValue, float64(n), string(state))
	}
	out <- prometheus.MustNewConstMetric(queuedDesc, prometheus.GaugeValue, waited)
}

// metrics answers the numbers to this machine and to whom the setting allows.
func (s *Server) metrics(w http.ResponseWriter, r *http.Request) {
	switch addr := peer(r); {
	case s.Metrics == nil:
		s.notFound(w, r)
	case !s.local(r) && !slices.ContainsFunc(s.Metrics.allow, func(p netip.Prefix) bool { return p.Contains(addr) }):
		s.Fail(w, r, fhir.Errorf(fhir.CodeForbidden, "metrics are answered only to this machine and to the addresses of metrics.allow"))
	default:
		s.Metrics.handler.ServeHTTP(w, r)
	}
}
