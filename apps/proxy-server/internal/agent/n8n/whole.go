package n8n

import (
	"encoding/json/jsontext"
	"encoding/json/v2"
	"errors"
	"io"
	"mime"
	"net/http"

	"securechat/internal/chat"
)

// whole reads an answer that comes in one piece: what the last node of the
// workflow, or its Respond-to-Webhook node, has made.
func (r *run) whole(response *http.Response) error {
	body, err := io.ReadAll(io.LimitReader(response.Body, longestLine+1))
	if err != nil {
		return errBroken
	}
	if len(body) > longestLine {
		return errLongLine
	}
	text, err := wholeText(response.Header.Get("Content-Type"), body)
	if err != nil {
		return err
	}
	kept, all := fit(text, longestText)
	if r.tell([]chat.Piece{{Text: kept}}) && !all {
		return errTooMuch
	}
	return nil
}

var errBody = errors.New("n8n's answer is neither JSON nor plain text")

func wholeText(contentType string, body []byte) (string, error) {
	if webPage(body) {
		return "", errHTML
	}
	kind, _, _ := mime.ParseMediaType(contentType) // "" where it cannot be read
	if kind == "text/plain" {
		return shownText(string(body))
	}
	if len(body) == 0 {
		return "", errEmpty
	}
	var value jsontext.Value
	if json.Unmarshal(body, &value, lenient) != nil {
		return "", errBody
	}
	return valueText(value)
}

// valueText finds the answer in JSON: a string, the member output or text of
// an object, or either in the first item of a list.
func valueText(value jsontext.Value) (string, error) {
	switch value.Kind() {
	case '"':
		text, _ := contentText(value, "")
		return shownText(text)
	case '[':
		var items []jsontext.Value
		if err := json.Unmarshal(value, &items, lenient); err != nil || len(items) == 0 || items[0].Kind() == '[' {
			return "", errWhole
		}
		return valueText(items[0])
	case '{':
		var answer struct {
			Output jsontext.Value `json:"output"`
			Text   jsontext.Value `json:"text"`
		}
		if err := json.Unmarshal(value, &answer, lenient); err != nil {
			return "", errWhole
		}
		for _, member := range []jsontext.Value{answer.Output, answer.Text} {
			if text, _ := contentText(member, ""); text != "" {
				return text, nil
			}
		}
	}
	return "", errWhole
}

func shownText(text string) (string, error) {
	if text = clean(text); text == "" {
		return "", errEmpty
	}
	return text, nil
}
