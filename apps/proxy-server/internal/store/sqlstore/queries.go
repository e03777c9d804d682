package sqlstore

// A query is the text of one statement, the same for every engine; {now}
// stands for the dialect's clock. Values in a list of SELECT are cast, since
// PostgreSQL takes them for text otherwise.
type query struct{ name, text string }

// with makes a statement of the query.
func (q query) with(args ...any) Statement { return Statement{Text: q.text, Args: args} }

// queries holds every statement of the store, for [Prepare].
var queries = []query{
	ping,
	addSite, siteByKey, siteByID, allSites, saveSite, removeSite, removeSiteKeys,
	holder, useCredential, endPredecessors, addVisitor, addConversation, addSession, addCredential,
	touchSession, endSession, endCredentials, forgetSessions, forgetCredentials, openConversation,
	advance, advanceForQuestion, addMessage, addTurn, questionAndTurn, noteTurn, endTurn, promoteTurn, runningTurn,
	turnByID, askerOfTurn, messagesOfTurn, conversationByID, messagesBefore, openTurn, rateMessage,
	renewLease, dropLeases, orphans, takeTurn, lastEnded, askToStop, turnsToStop, pulse, takeChore,
	keysOfSite, keysOfAll, addKey, dropKey, retireKey, promoteKey,
}

var ping = query{"ping", `SELECT 1`}

// Sites.

const siteColumns = `id, key, name, settings, webhook, secret, demo, disabled, created_at, updated_at`

var addSite = query{"addSite", `
INSERT INTO sites (` + siteColumns + `)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`}

var siteByKey = query{"siteByKey", `SELECT ` + siteColumns + ` FROM sites WHERE key = $1`}

var siteByID = query{"siteByID", `SELECT ` + siteColumns + ` FROM sites WHERE id = $1`}

var allSites = query{"allSites", `SELECT ` + siteColumns + ` FROM sites ORDER BY created_at, id`}

var saveSite = query{"saveSite", `
UPDATE sites SET name = $3, settings = $4, webhook = $5, secret = $6, disabled = $7, updated_at = $8
WHERE id = $1 AND updated_at = $2`}

var removeSite = query{"removeSite", `DELETE FROM sites WHERE id = $1`}

var removeSiteKeys = query{"removeSiteKeys", `DELETE FROM keys WHERE site_id = $1`}

// Visitors, sessions and credentials.

// A visitor who was there before the session has returned.
const sessionColumns = `v.site_id, v.id, v.customer, v.created_at, v.created_at < s.created_at,
       s.id, s.conversation_id, s.client, s.fingerprint, s.created_at, s.seen_at, s.ended_at`

var holder = query{"holder", `
SELECT ` + sessionColumns + `,
       c.made_at, c.used_at, CASE WHEN c.ends_at < c.until THEN c.ends_at ELSE c.until END,
       (SELECT n.id FROM conversations n
        WHERE n.site_id = s.site_id AND n.visitor_id = s.visitor_id
        ORDER BY n.created_at DESC, n.id DESC LIMIT 1)
FROM credentials c
JOIN sessions s ON s.site_id = c.site_id AND s.id = c.session_id
JOIN visitors v ON v.site_id = s.site_id AND v.id = s.visitor_id
WHERE c.hash = $1 AND c.until > $2 AND (c.ends_at IS NULL OR c.ends_at > $2)`}

var useCredential = query{"useCredential", `
UPDATE credentials SET used_at = $2 WHERE hash = $1 AND used_at IS NULL`}

var endPredecessors = query{"endPredecessors", `
UPDATE credentials SET ends_at = $2
WHERE (ends_at IS NULL OR ends_at > $2) AND hash IN (
    WITH RECURSIVE older (hash) AS (
        SELECT follows FROM credentials WHERE hash = $1
        UNION
        SELECT c.follows FROM credentials c JOIN older o ON c.hash = o.hash)
    SELECT hash FROM older WHERE hash IS NOT NULL)`}

var addVisitor = query{"addVisitor", `
INSERT INTO visitors (site_id, id, customer, created_at) VALUES ($1, $2, $3, $4)
ON CONFLICT (site_id, id) DO NOTHING`}

var addConversation = query{"addConversation", `
INSERT INTO conversations (site_id, id, visitor_id, created_at) VALUES ($1, $2, $3, $4)
ON CONFLICT (site_id, id) DO NOTHING`}

var addSession = query{"addSession", `
INSERT INTO sessions (site_id, id, visitor_id, conversation_id, client, fingerprint, created_at, seen_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
ON CONFLICT (site_id, id) DO NOTHING`}

var addCredential = query{"addCredential", `
INSERT INTO credentials (site_id, hash, session_id, follows, made_at, until)
VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (hash) DO UPDATE
SET session_id = excluded.session_id, made_at = excluded.made_at, until = excluded.until
WHERE credentials.site_id = excluded.site_id`}

var touchSession = query{"touchSession", `
UPDATE sessions SET seen_at = $3 WHERE site_id = $1 AND id = $2 AND seen_at < $3`}

var endSession = query{"endSession", `
UPDATE sessions SET ended_at = $3 WHERE site_id = $1 AND id = $2 AND ended_at IS NULL`}

// What the session's credentials followed ends with them: a secret left in
// another tab must not bring back who has logged out.
var endCredentials = query{"endCredentials", `
UPDATE credentials SET ends_at = $3
WHERE (ends_at IS NULL OR ends_at > $3) AND hash IN (
    WITH RECURSIVE line (hash) AS (
        SELECT hash FROM credentials WHERE site_id = $1 AND session_id = $2
        UNION
        SELECT c.follows FROM credentials c JOIN line l ON c.hash = l.hash)
    SELECT hash FROM line WHERE hash IS NOT NULL)`}

const isOver = `(c.until <= $1 OR c.ends_at <= $1)`

var forgetSessions = query{"forgetSessions", `
DELETE FROM sessions WHERE (site_id, id) IN (
    SELECT c.site_id, c.session_id FROM credentials c WHERE ` + isOver + ` LIMIT $2)
AND NOT EXISTS (
    SELECT 1 FROM credentials c
    WHERE c.site_id = sessions.site_id AND c.session_id = sessions.id AND NOT coalesce(` + isOver + `, FALSE))
RETURNING id`}

var forgetCredentials = query{"forgetCredentials", `
DELETE FROM credentials WHERE hash IN (
    SELECT c.hash FROM credentials c WHERE ` + isOver + ` LIMIT $2)
RETURNING session_id`}

var openConversation = query{"openConversation", `
UPDATE sessions SET conversation_id = $4
WHERE site_id = $1 AND id = $2 AND visitor_id = $3 AND EXISTS (
    SELECT 1 FROM conversations c WHERE c.site_id = $1 AND c.id = $4 AND c.visitor_id = $3)`}

// Messages and turns. Whatever changes which turns of a conversation are open
// locks its row first, by an advance: so nobody decides on what another is
// about to change.

const (
	messageColumns = `m.site_id, m.conversation_id, m.id, m.number, m.author, m.text, m.page_url, m.cards,
       m.turn_id, m.status, m.problem, m.rating, m.created_at`
	turnColumns = `t.site_id, t.id, t.conversation_id, t.visitor_id, t.session_id, t.question_id, t.answer_id,
       t.state, t.owner, t.seq, t.text, t.created_at, t.ended_at`
)

var advance = query{"advance", `
UPDATE conversations SET last_seq = last_seq + $3 WHERE site_id = $1 AND id = $2`}

// An id that an answer has or will have is not free for a question.
var advanceForQuestion = query{"advanceForQuestion", `
UPDATE conversations SET last_seq = last_seq + 1
WHERE site_id = $1 AND id = $2 AND NOT EXISTS (
    SELECT 1 FROM turns t WHERE t.site_id = $1 AND t.conversation_id = $2 AND t.answer_id = $3)
RETURNING last_seq`}

var addMessage = query{"addMessage", `
INSERT INTO messages (site_id, conversation_id, id, number, author, text, page_url, cards,
                      turn_id, status, problem, created_at)
VALUES ($1, $2, $3, (SELECT last_seq FROM conversations WHERE site_id = $1 AND id = $2), $4, $5, $6, $7,
        $8, $9, $10, $11)
ON CONFLICT (site_id, conversation_id, id) DO NOTHING`}

var addTurn = query{"addTurn", `
INSERT INTO turns (site_id, id, conversation_id, visitor_id, session_id, question_id, answer_id,
                   number, state, owner, seq, created_at)
SELECT c.site_id, CAST($3 AS TEXT), c.id, CAST($4 AS TEXT), CAST($5 AS TEXT), CAST($6 AS TEXT), CAST($7 AS TEXT),
       c.last_seq,
       CASE WHEN o.open = 0 THEN 'running' ELSE 'waiting' END,
       CASE WHEN o.open = 0 THEN CAST($8 AS TEXT) ELSE '' END,
       CAST($9 AS BIGINT), CAST($10 AS BIGINT)
FROM conversations c, (
    SELECT COUNT(*) AS open, COUNT(*) FILTER (WHERE state = 'waiting') AS waiting
    FROM turns WHERE site_id = $1 AND conversation_id = $2 AND state IN ('waiting', 'running')) o
WHERE c.site_id = $1 AND c.id = $2 AND o.waiting < $11
RETURNING state, owner`}

var questionAndTurn = query{"questionAndTurn", `
SELECT ` + messageColumns + `, ` + turnColumns + `
FROM turns t
JOIN messages m ON m.site_id = t.site_id AND m.conversation_id = t.conversation_id AND m.id = t.question_id
WHERE t.site_id = $1 AND t.conversation_id = $2 AND t.question_id = $3`}

var noteTurn = query{"noteTurn", `
UPDATE turns SET seq = $4, text = $5
WHERE site_id = $1 AND id = $2 AND owner = $3 AND state = 'running'`}

// The text noted so far goes: what is left of it is the stored answer.
var endTurn = query{"endTurn", `
UPDATE turns SET state = $4, seq = $5, text = NULL, ended_at = $6
WHERE site_id = $1 AND id = $2 AND conversation_id = $7
  AND ((state = 'running' AND owner = $3) OR (state = 'waiting' AND $4 = 'stopped'))`}

var promoteTurn = query{"promoteTurn", `
UPDATE turns SET state = 'running', owner = $3
WHERE site_id = $1 AND id = (
    SELECT w.id FROM turns w WHERE w.site_id = $1 AND w.conversation_id = $2 AND w.state = 'waiting'
    ORDER BY w.number LIMIT 1)
  AND NOT EXISTS (
    SELECT 1 FROM turns r WHERE r.site_id = $1 AND r.conversation_id = $2 AND r.state = 'running')
RETURNING id`}

var runningTurn = query{"runningTurn", `
SELECT ` + messageColumns + `, ` + turnColumns + `
FROM turns t
JOIN messages m ON m.site_id = t.site_id AND m.conversation_id = t.conversation_id AND m.id = t.question_id
WHERE t.site_id = $1 AND t.conversation_id = $2 AND t.state = 'running'`}

var turnByID = query{"turnByID", `
SELECT ` + turnColumns + ` FROM turns t WHERE t.site_id = $1 AND t.id = $2`}

var askerOfTurn = query{"askerOfTurn", `
SELECT ` + sessionColumns + `
FROM turns t
JOIN sessions s ON s.site_id = t.site_id AND s.id = t.session_id
JOIN visitors v ON v.site_id = s.site_id AND v.id = s.visitor_id
WHERE t.site_id = $1 AND t.id = $2`}

var messagesOfTurn = query{"messagesOfTurn", `
SELECT ` + messageColumns + `
FROM turns t
JOIN messages m ON m.site_id = t.site_id AND m.conversation_id = t.conversation_id
               AND m.id IN (t.question_id, t.answer_id)
WHERE t.site_id = $1 AND t.id = $2`}

// conversationByID returns one row where the conversation is there, and with
// it the number of the message $3, or 0.
var conversationByID = query{"conversationByID", `
SELECT COALESCE((SELECT m.number FROM messages m
                 WHERE m.site_id = c.site_id AND m.conversation_id = c.id AND m.id = $3), 0)
FROM conversations c WHERE c.site_id = $1 AND c.id = $2`}

var messagesBefore = query{"messagesBefore", `
SELECT ` + messageColumns + ` FROM messages m
WHERE m.site_id = $1 AND m.conversation_id = $2 AND ($3 = '' OR m.number < (
    SELECT b.number FROM messages b WHERE b.site_id = $1 AND b.conversation_id = $2 AND b.id = $3))
ORDER BY m.number DESC LIMIT $4`}

var openTurn = query{"openTurn", `
SELECT ` + turnColumns + ` FROM turns t
WHERE t.site_id = $1 AND t.conversation_id = $2 AND t.state IN ('waiting', 'running')
ORDER BY CASE t.state WHEN 'running' THEN 0 ELSE 1 END, t.number LIMIT 1`}

var rateMessage = query{"rateMessage", `
UPDATE messages SET rating = $4, comment = $5
WHERE site_id = $1 AND conversation_id = $2 AND id = $3 AND author = 'agent'`}

// Owners of turns.

var renewLease = query{"renewLease", `
INSERT INTO owners (owner, until) VALUES ($1, {now} + $2)
ON CONFLICT (owner) DO UPDATE SET until = excluded.until`}

// dropLeases forgets processes that ended long ago.
var dropLeases = query{"dropLeases", `DELETE FROM owners WHERE until < {now} - $1`}

var orphans = query{"orphans", `
SELECT ` + turnColumns + ` FROM turns t
WHERE t.state = 'running' AND NOT EXISTS (
    SELECT 1 FROM owners o WHERE o.owner = t.owner AND o.until > {now})
ORDER BY t.created_at, t.id LIMIT $1`}

// lastEnded has few owners to look at: a cross join keeps SQLite from looking
// at turns first.
var lastEnded = query{"lastEnded", `
SELECT ` + turnColumns + `
FROM owners o
CROSS JOIN turns t
WHERE o.until <= {now} AND o.until > {now} - $1 AND t.owner = o.owner AND t.ended_at > o.until - $2
ORDER BY t.ended_at DESC LIMIT $3`}

var askToStop = query{"askToStop", `
UPDATE turns SET stop_asked = TRUE
WHERE site_id = $1 AND id = $2 AND state IN ('waiting', 'running')`}

var turnsToStop = query{"turnsToStop", `
SELECT id FROM turns WHERE state = 'running' AND owner = $1 AND stop_asked`}

var pulse = query{"pulse", `
SELECT c.last_seq, COALESCE(t.id, ''), COALESCE(t.state, ''), COALESCE(t.seq, 0)
FROM conversations c
LEFT JOIN turns t ON t.site_id = c.site_id AND t.conversation_id = c.id AND t.state = 'running'
WHERE c.id = $1`}

var takeTurn = query{"takeTurn", `
UPDATE turns SET owner = $4
WHERE site_id = $1 AND id = $2 AND owner = $3 AND state = 'running' AND NOT EXISTS (
    SELECT 1 FROM owners o WHERE o.owner = $3 AND o.until > {now})`}

// A chore's row stands among the owners: it is nobody's until it is due again.
var takeChore = query{"takeChore", `
INSERT INTO owners (owner, until) VALUES ($1, {now} + $2)
ON CONFLICT (owner) DO UPDATE SET until = excluded.until WHERE owners.until <= {now}`}

// Keys.

const keyColumns = `site_id, purpose, number, name, sealed, made_at, signs, signs_at`

var keysOfSite = query{"keysOfSite", `
SELECT ` + keyColumns + ` FROM keys WHERE site_id = $1 AND purpose = $2 ORDER BY number DESC`}

var keysOfAll = query{"keysOfAll", `
SELECT ` + keyColumns + ` FROM keys WHERE purpose = $1 ORDER BY made_at DESC, site_id, number DESC`}

var addKey = query{"addKey", `
INSERT INTO keys (` + keyColumns + `) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
ON CONFLICT DO NOTHING RETURNING number`}

var dropKey = query{"dropKey", `DELETE FROM keys WHERE site_id = $1 AND purpose = $2 AND number = $3`}

var retireKey = query{"retireKey", `
UPDATE keys SET signs = FALSE WHERE site_id = $1 AND purpose = $2 AND number = $3 AND signs`}

// promoteKey meets keys_one_signs where another signs.
var promoteKey = query{"promoteKey", `
UPDATE keys SET signs = TRUE, signs_at = $4
WHERE site_id = $1 AND purpose = $2 AND number = $3 AND NOT signs`}
