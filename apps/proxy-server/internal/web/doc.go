// Package web is the HTTP face: it reads requests strictly, asks the gate and
// the relay, and writes their answers as contract and openapi.yaml say. It
// decides nothing about who may do what; it is the one place where a kind of
// error becomes a status, an event becomes bytes, and a credential a cookie.
package web
