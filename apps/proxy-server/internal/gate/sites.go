package gate

import (
	"context"
	"regexp"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"

	"securechat/internal/chat"
)

// remembered is how long a site is taken to be as it was read: a change of its
// settings, or its end, is felt everywhere within that time.
const remembered = time.Second

// mostSites bounds the memory, since anybody can ask for keys of no site.
const mostSites = 10_000

// loading bounds a look into the store, which serves every caller who waits
// for the same site and therefore does not end with the first of them.
const loading = 5 * time.Second

var siteKey = regexp.MustCompile(`^pk_[A-Za-z0-9_]{1,64}$`)

// sites remembers what the directory said, also of sites that are not there.
type sites struct {
	directory Directory
	demo      bool
	loads     singleflight.Group

	mu   sync.Mutex
	seen map[string]sighting
}

type sighting struct {
	site    chat.Site
	origins chat.Origins // of all sites, under the name ""
	err     error
	until   time.Time
}

func newSites(directory Directory, demo bool) *sites {
	return &sites{directory: directory, demo: demo, seen: make(map[string]sighting)}
}

func unknownSite() error {
	return chat.E(chat.NotFound, "site_unknown", "There is no chat under this key.")
}

// byKey returns a site that is alive; NotFound for any other.
func (s *sites) byKey(ctx context.Context, key string) (chat.Site, error) {
	if !siteKey.MatchString(key) {
		return chat.Site{}, unknownSite()
	}
	got, err := s.look(ctx, "key "+key, func(ctx context.Context) (sighting, error) {
		site, err := s.directory.SiteByKey(ctx, key)
		return sighting{site: site}, err
	})
	return s.alive(got.site, err)
}

// byID returns a site that is alive; NotFound for any other.
func (s *sites) byID(ctx context.Context, id chat.SiteID) (chat.Site, error) {
	got, err := s.look(ctx, "id "+string(id), func(ctx context.Context) (sighting, error) {
		site, err := s.directory.SiteByID(ctx, id)
		return sighting{site: site}, err
	})
	return s.alive(got.site, err)
}

func (s *sites) alive(site chat.Site, err error) (chat.Site, error) {
	switch {
	case chat.KindOf(err) == chat.NotFound:
		return chat.Site{}, unknownSite()
	case err != nil:
		return chat.Site{}, err
	case !s.lives(site):
		return chat.Site{}, unknownSite()
	}
	return site, nil
}

func (s *sites) lives(site chat.Site) bool { return !site.Disabled && (s.demo || !site.Demo) }

// origins returns the origins of all sites that are alive.
func (s *sites) origins(ctx context.Context) (chat.Origins, error) {
	got, err := s.look(ctx, "", func(ctx context.Context) (sighting, error) {
		all, err := s.directory.Sites(ctx)
		var origins chat.Origins
		for _, site := range all {
			if s.lives(site) {
				origins = append(origins, site.Origins...)
			}
		}
		return sighting{origins: origins}, err
	})
	return got.origins, err
}

// look remembers what find found, and asks once for all who want it at once.
func (s *sites) look(ctx context.Context, name string, find func(context.Context) (sighting, error)) (sighting, error) {
	if got, ok := s.recall(name); ok {
		return got, got.err
	}
	found := s.loads.DoChan(name, func() (any, error) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), loading)
		defer cancel()
		got, err := find(ctx)
		if err == nil || chat.KindOf(err) == chat.NotFound {
			got.err = err
			s.note(name, got)
		}
		return got, err
	})
	select {
	case <-ctx.Done():
		return sighting{}, ctx.Err()
	case result := <-found:
		got, _ := result.Val.(sighting)
		return got, result.Err
	}
}

func (s *sites) recall(name string) (sighting, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	got, ok := s.seen[name]
	return got, ok && time.Now().Before(got.until)
}

func (s *sites) note(name string, got sighting) {
	s.mu.Lock()
	defer s.mu.Unlock()
	got.until = time.Now().Add(remembered)
	if _, known := s.seen[name]; !known && len(s.seen) >= mostSites {
		s.makeRoom()
	}
	s.seen[name] = got
}

// makeRoom drops what is out of date, or all of it where nothing is.
func (s *sites) makeRoom() {
	now := time.Now()
	for name, got := range s.seen {
		if now.After(got.until) {
			delete(s.seen, name)
		}
	}
	if len(s.seen) >= mostSites {
		clear(s.seen)
	}
}
