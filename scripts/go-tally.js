// Reads `go test -json`: prints a line for each package, what failing tests said, why others were skipped, and the sums.
import { createInterface } from 'node:readline'

const tally = { pass: 0, fail: 0, skip: 0 }
const said = new Map()

const report = (event) => {
  const name = event.Test ? `${event.Package} ${event.Test}` : event.Package
  const output = said.get(name) ?? ''
  said.delete(name)
  if (event.Test) {
    tally[event.Action] += 1
    if (event.Action === 'fail') process.stdout.write(`--- FAIL: ${name}\n${output}`)
    if (event.Action === 'skip') process.stdout.write(`--- SKIP: ${name}\n${output}`)
    return
  }
  if (event.Action === 'skip') return // a package without tests
  const seconds = `${(event.Elapsed ?? 0).toFixed(1)}s`.padStart(7)
  process.stdout.write(
    `${event.Action === 'fail' ? 'FAIL' : 'ok  '} ${seconds}  ${event.Package}\n`,
  )
  if (event.Action === 'fail') {
    // A package may fail without a failing test: it does not build, or it panics.
    if (event.FailedBuild) tally.fail += 1
    process.stdout.write(said.get(event.FailedBuild) ?? output)
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  let event
  try {
    event = JSON.parse(line)
  } catch {
    process.stdout.write(`${line}\n`)
    continue
  }
  if (event.Action === 'output' || event.Action === 'build-output') {
    const name = event.Test ? `${event.Package} ${event.Test}` : (event.Package ?? event.ImportPath)
    said.set(name, (said.get(name) ?? '') + event.Output)
  } else if (event.Action in tally) {
    report(event)
  }
}
process.stdout.write(`go: ${tally.pass} passed, ${tally.fail} failed, ${tally.skip} skipped\n`)
