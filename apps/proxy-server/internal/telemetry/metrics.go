package telemetry

import (
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Metrics are the numbers. No label takes a value that a visitor can choose,
// and none names a site: whoever may read numbers may not know who the shops
// are.
type Metrics struct {
	registry *prometheus.Registry
	requests *prometheus.HistogramVec
	streams  prometheus.Gauge
}

// quick are the bounds for what is answered by ourselves, in seconds.
var quick = []float64{.001, .0025, .005, .01, .02, .05, .1, .25, .5, 1, 2.5, 10}

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
	}
	build := prometheus.NewGauge(prometheus.GaugeOpts{
		Name:        "securechat_build_info",
		Help:        "1, with the version that runs.",
		ConstLabels: prometheus.Labels{"version": version},
	})
	build.Set(1)
	m.registry.MustRegister(
		m.requests, m.streams, build,
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	)
	return m
}

// Handler serves the numbers in the format that was asked for.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{Registry: m.registry, EnableOpenMetrics: true})
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
