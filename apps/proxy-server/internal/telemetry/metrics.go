package telemetry

import (
	"net/http"
	"net/http/pprof"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"securechat/internal/chat"
)

// Metrics are the numbers. No label takes a value that a visitor can choose,
// and none names a site: whoever may read numbers may not know who the shops
// are.
type Metrics struct {
	registry *prometheus.Registry
	requests *prometheus.HistogramVec
	streams  prometheus.Gauge
	waits    prometheus.Histogram
	firsts   prometheus.Histogram
	turns    *prometheus.HistogramVec
	takes    *prometheus.CounterVec
	acts     *prometheus.HistogramVec
	shared   prometheus.Gauge
}

// Bounds in seconds: quick ones for what we answer ourselves, slow ones for
// what an agent does.
var (
	quick = []float64{.001, .0025, .005, .01, .02, .05, .1, .25, .5, 1, 2.5, 10}
	slow  = []float64{.05, .1, .25, .5, 1, 2.5, 5, 10, 20, 30, 60, 120, 300, 600}
)

// NewMetrics returns metrics that stand at zero.
func NewMetrics(version string) *Metrics {
	m := &Metrics{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "securechat_request_duration_seconds",
			Help:    "Time from a request's arrival to the end of its answer; streams last as long as they are followed.",
			Buckets: quick,
		}, []string{"route", "status"}),
		streams: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "securechat_streams_open",
			Help: "Event streams that are open now.",
		}),
		waits: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name:    "securechat_turn_wait_seconds",
			Help:    "Time that questions stood in line before their agent was asked.",
			Buckets: append([]float64{.001, .01}, slow...),
		}),
		firsts: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name:    "securechat_first_text_seconds",
			Help:    "Time from asking an agent to the first text of its answer.",
			Buckets: append([]float64{.001, .01}, slow...),
		}),
		turns: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "securechat_turn_duration_seconds",
			Help:    "Time that agents took, by how the turn ended; code says what went wrong.",
			Buckets: slow,
		}, []string{"state", "code"}),
		takes: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "securechat_limit_verdicts_total",
			Help: "What limits said, by what a request would cost; tier is the one that refused.",
		}, []string{"cost", "tier"}),
		acts: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "securechat_store_duration_seconds",
			Help:    "Time that the store took: to look something up, or to act and have it on disk.",
			Buckets: quick,
		}, []string{"kind", "outcome"}),
		shared: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "securechat_log_shared",
			Help: "1 while answers under way are told to all processes, or there is but one; 0 while this one tells them alone.",
		}),
	}
	m.shared.Set(1)
	build := prometheus.NewGauge(prometheus.GaugeOpts{
		Name:        "securechat_build_info",
		Help:        "1, with the version that runs.",
		ConstLabels: prometheus.Labels{"version": version},
	})
	build.Set(1)
	m.registry.MustRegister(
		m.requests, m.streams, m.waits, m.firsts, m.turns, m.takes, m.acts, m.shared, build,
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	)
	return m
}

// Handler serves what only operators may see: the numbers under /metrics, in
// the format that was asked for, and profiles of the running program under
// /debug/pprof/.
func (m *Metrics) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{Registry: m.registry, EnableOpenMetrics: true}))
	mux.HandleFunc("GET /debug/pprof/", pprof.Index)
	mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
	return mux
}

// Answered is told of every request once it has been answered.
func (m *Metrics) Answered(route string, status int, took time.Duration) {
	if route == "" {
		route = "none"
	}
	m.requests.WithLabelValues(route, strconv.Itoa(status)).Observe(took.Seconds())
}

// Streaming is told how many streams more, or fewer, are open.
func (m *Metrics) Streaming(more int) { m.streams.Add(float64(more)) }

// Started is told how long each turn stood in line.
func (m *Metrics) Started(waited time.Duration) { m.waits.Observe(waited.Seconds()) }

// Spoke is told how long an agent took to its first text.
func (m *Metrics) Spoke(after time.Duration) { m.firsts.Observe(after.Seconds()) }

// Ended is told how each turn ended and how long its agent took.
func (m *Metrics) Ended(state chat.TurnState, code string, took time.Duration) {
	m.turns.WithLabelValues(string(state), code).Observe(took.Seconds())
}

// Judged is told what limits said of a request that would cost so much; tier
// is the one that refused, or "".
func (m *Metrics) Judged(cost, tier string) {
	if tier == "" {
		tier = "none"
	}
	m.takes.WithLabelValues(cost, tier).Inc()
}

// Stored is told how long the store took to look, or to act, and how that
// went.
func (m *Metrics) Stored(kind, outcome string, took time.Duration) {
	m.acts.WithLabelValues(kind, outcome).Observe(took.Seconds())
}

// Shared is told whether answers under way are told to all processes.
func (m *Metrics) Shared(shared bool) {
	m.shared.Set(0)
	if shared {
		m.shared.Set(1)
	}
}
