#!/bin/sh
# Runs in a container of n8n, before n8n itself: puts the workflow "first answer", published, and those of docs/n8n, as
# drafts, into a new n8n, with a credential that knows the proxy's tokens. What is there already is left as it is.
set -eu
state=${N8N_USER_FOLDER:-/home/node}/.n8n
setup=${SETUP_FOLDER:-/setup}
workflows=${WORKFLOWS_FOLDER:-/workflows}
secret=${JWT_SECRET_FILE:-/run/secrets/n8n_jwt}

done=$state/.secure-chat-imported
[ ! -e "$done" ] || exit 0

drafts=$(mktemp -d)
trap 'rm -rf "$drafts"' EXIT

# Files for import need ids; the drafts' webhooks are given the credential as well.
node -e '
  const fs = require("fs"), path = require("path")
  const [secret, from, to] = process.argv.slice(1)
  const write = (name, content) => fs.writeFileSync(path.join(to, name), JSON.stringify(content), { mode: 0o600 })
  const jwtAuth = { id: "secureChatTokens1", name: "Secure Chat: tokens" }
  write("credentials.json", [{
    ...jwtAuth, type: "jwtAuth",
    data: { keyType: "passphrase", secret: fs.readFileSync(secret, "utf8").trim(), algorithm: "HS256" },
  }])
  fs.mkdirSync(path.join(to, "workflows"))
  for (const file of fs.readdirSync(from).filter((name) => name.endsWith(".json"))) {
    const workflow = JSON.parse(fs.readFileSync(path.join(from, file), "utf8"))
    for (const node of workflow.nodes) {
      if (node.parameters?.authentication === "jwtAuth" || node.type === "n8n-nodes-base.jwt") node.credentials = { jwtAuth }
      // Two workflows cannot serve one address; drafts take another one than the workflow that is published.
      if (node.type === "n8n-nodes-base.webhook") node.parameters.path += "-draft"
    }
    write(path.join("workflows", file), { ...workflow, id: "secureChat" + path.basename(file, ".json").replace(/\W/g, "") })
  }
' "$secret" "$workflows" "$drafts"

n8n import:credentials --input="$drafts/credentials.json"
n8n import:workflow --input="$setup/first-answer.json"
n8n import:workflow --separate --input="$drafts/workflows"
n8n publish:workflow --id=secureChatFirst1
touch "$done"
