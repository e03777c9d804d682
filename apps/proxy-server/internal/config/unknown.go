package config

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

const prefix = "SECURECHAT_"

// Unknown complains about every variable in environ ("NAME=value") that looks
// like a setting and is none, and names the setting that was probably meant.
// An empty one says nothing, as with settings. Values are not told.
func Unknown(environ []string) []error {
	known := names()
	var complaints []error
	for _, variable := range environ {
		name, value, _ := strings.Cut(variable, "=")
		if value == "" || !strings.HasPrefix(strings.ToUpper(name), prefix) || slices.Contains(known, name) || serviceLink(name, value) {
			continue
		}
		hint := "; `securechat config` prints those that are"
		if meant := nearest(strings.ToUpper(name), known); meant != "" {
			hint = "; did you mean " + meant + "?"
		}
		complaints = append(complaints, fmt.Errorf("%s is not a setting%s", name, hint))
	}
	slices.SortFunc(complaints, func(a, b error) int { return cmp.Compare(a.Error(), b.Error()) })
	return complaints
}

// names are all that a setting may be given by.
func names() []string {
	var all []string
	for _, s := range settings {
		all = append(all, s.name, s.name+"_FILE")
	}
	return all
}

// Kubernetes tells every container of the Services beside it, and calls one of
// them securechat or securechat-db where its operator does.
var (
	linkName    = regexp.MustCompile(`_SERVICE_HOST$|_SERVICE_PORT(_[A-Z0-9_]+)?$|_PORT_[0-9]+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?$`)
	linkAddress = regexp.MustCompile(`^(tcp|udp|sctp)://`)
)

// serviceLink says whether the variable is one of those. SECURECHAT_PORT is,
// unless its value is a port.
func serviceLink(name, value string) bool {
	return linkName.MatchString(name) || strings.HasSuffix(name, "_PORT") && linkAddress.MatchString(value)
}

// nearest is the known name that is a few slips away at most, or "".
func nearest(name string, known []string) string {
	found, least := "", 2+len(strings.TrimPrefix(name, prefix))/3
	for _, k := range known {
		if d := distance(name, k); d < least {
			found, least = k, d
		}
	}
	return found
}

// distance counts the characters to add, drop or change in a to have b
// (Levenshtein).
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := diagonal
			if a[i] != b[j] {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = min(change, row[j+1]+1, row[j]+1)
		}
	}
	return row[len(b)]
}
