// Package view is what the broker shows of its clients, subscriptions, shared subscriptions
// and retained messages: a row each, and the queries that choose, sort and cut a page out.
//
// It is pure. Whoever has the rows asks Matches of each, collects in [Rows], and gets the
// page from Page. Rates of clients come from two looks at their counts ([Rates]).
package view
