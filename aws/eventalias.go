package aws

import (
	"strings"
	"sync"
)

// eventAliases are the other names of services and what events call them: names
// of clients, and prefixes of endpoints, which events went by once.
var eventAliases = sync.OnceValue(func() map[string]string {
	aliases := map[string]string{
		// Several services share these endpoints, or the service has moved.
		"elasticloadbalancing": "elastic-load-balancing", "email": "ses", "data.iot": "iot-data-plane",
		"cloudwatch-events": "eventbridge",
	}
	ids := make(map[string]bool, len(serviceTable()))
	shared := make(map[string]int)
	for _, s := range serviceTable() {
		ids[serviceIDName(s.ID)] = true
		shared[s.Prefix]++
	}
	for _, s := range serviceTable() {
		id := serviceIDName(s.ID)
		if !ids[s.Name] {
			aliases[s.Name] = id
		}
		if !ids[s.Prefix] && shared[s.Prefix] == 1 {
			aliases[s.Prefix] = id
		}
	}
	return aliases
})

// canonicalEvent returns the name of an event, or a pattern, with its service
// as events have it: before-call.elb is before-call.elastic-load-balancing.
func canonicalEvent(name string) string {
	event, rest, ok := strings.Cut(name, ".")
	if !ok {
		return name
	}
	for end := len(rest); end > 0; end = strings.LastIndexByte(rest[:end], '.') {
		if id := eventAliases()[rest[:end]]; id != "" {
			return event + "." + id + rest[end:]
		}
	}
	return name
}
