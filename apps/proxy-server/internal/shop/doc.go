// Package shop is the demo shop: a catalogue, six products and a cart, as
// plain pages with a true page load between them. Its content security policy
// is the one a shop is asked to have, so that a browser which shows the chat
// here has proved the embed. Whether and where it is mounted is for others.
package shop
