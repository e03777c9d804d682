// Package chat holds the words that every other room speaks: site, visitor,
// session, conversation, message, turn, event and operator. It knows what is
// a legal value and a legal change of state, and nothing of storage, networks,
// clocks or JSON.
package chat
