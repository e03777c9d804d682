package relay

import (
	"slices"
	"sync"

	"securechat/internal/chat"
)

// queue holds back runs of agents where a site allows only so many at once.
// Visitors take turns: whoever asks much waits behind who asks once.
type queue struct {
	mu    sync.Mutex
	sites map[chat.SiteID]*line
}

// line is what runs and waits at one site.
type line struct {
	most     int
	runs     int
	visitors []chat.VisitorID            // who waits; the first is served next
	places   map[chat.VisitorID][]*place // each one's own, oldest first
}

// place is one run's, in line or at work.
type place struct {
	queue   *queue
	site    chat.SiteID
	visitor chat.VisitorID
	granted chan struct{} // closed once the run may begin
}

// enter takes a place. most is how many runs the site allows, 0 for any
// number. The place must be left in the end.
func (q *queue) enter(site chat.SiteID, visitor chat.VisitorID, most int) *place {
	p := &place{queue: q, site: site, visitor: visitor, granted: make(chan struct{})}
	q.mu.Lock()
	l, ok := q.sites[site]
	if !ok {
		if q.sites == nil {
			q.sites = map[chat.SiteID]*line{}
		}
		l = &line{places: map[chat.VisitorID][]*place{}}
		q.sites[site] = l
	}
	l.most = most
	if len(l.places[visitor]) == 0 {
		l.visitors = append(l.visitors, visitor)
	}
	l.places[visitor] = append(l.places[visitor], p)
	granted := l.serve()
	q.mu.Unlock()
	letIn(granted)
	return p
}

// leave gives the place up, whether or not it was granted.
func (p *place) leave() {
	q := p.queue
	q.mu.Lock()
	l := q.sites[p.site]
	if !l.drop(p) {
		l.runs--
	}
	granted := l.serve()
	if l.runs == 0 && len(l.visitors) == 0 {
		delete(q.sites, p.site)
	}
	q.mu.Unlock()
	letIn(granted)
}

// stand returns the place's number in line: 1 is served next, 0 has been.
func (p *place) stand() (position int) {
	p.queue.mu.Lock()
	defer p.queue.mu.Unlock()
	l := p.queue.sites[p.site]
	round := slices.Index(l.places[p.visitor], p)
	if round < 0 {
		return 0
	}
	before := true
	for _, v := range l.visitors {
		if v == p.visitor {
			before = false
		}
		position += min(round, len(l.places[v]))
		if (before || v == p.visitor) && len(l.places[v]) > round {
			position++
		}
	}
	return position
}

// serve takes out of the line whoever may run now. They are let in once the
// lock has been given back.
func (l *line) serve() (granted []*place) {
	for len(l.visitors) > 0 && (l.most == 0 || l.runs < l.most) {
		next := l.visitors[0]
		granted = append(granted, l.places[next][0])
		l.places[next] = l.places[next][1:]
		l.visitors = l.visitors[1:]
		if len(l.places[next]) > 0 {
			l.visitors = append(l.visitors, next)
		} else {
			delete(l.places, next)
		}
		l.runs++
	}
	return granted
}

// drop takes out a place that still waits; false where it waits no more.
func (l *line) drop(p *place) bool {
	at := slices.Index(l.places[p.visitor], p)
	if at < 0 {
		return false
	}
	l.places[p.visitor] = slices.Delete(l.places[p.visitor], at, at+1)
	if len(l.places[p.visitor]) == 0 {
		delete(l.places, p.visitor)
		l.visitors = slices.DeleteFunc(l.visitors, func(v chat.VisitorID) bool { return v == p.visitor })
	}
	return true
}

func letIn(granted []*place) {
	for _, p := range granted {
		close(p.granted)
	}
}
