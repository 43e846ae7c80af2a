// Writes src/lib/feed.d.ts from the feed's JSON Schema, which monitor/messages.py defines.
//   npm run types                     asks the project's Python for the schema
//   npm run types -- schema.json      takes the schema from a file ("-": standard input)
// The result goes to src/lib/feed.d.ts, or to standard output with --print.
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { declare, reference } from './schema.mjs'

const here = dirname(fileURLToPath(import.meta.url))
const root = join(here, '../../../..')
const target = join(here, '../src/lib/feed.d.ts')
const HEAD = `// Generated from monitor/messages.py by scripts/feed-types.mjs: change it there, then \`npm run types\`.
// The server sends every field, also those with a default, so nothing here is optional.
`

function readSchema(source) {
  if (source) return readFileSync(source === '-' ? 0 : source, 'utf8')
  const own = join(root, '.venv/bin/python')
  const code =
    'import json; from monitor.messages import FEED; print(json.dumps(FEED.json_schema(mode="serialization")))'
  return execFileSync(existsSync(own) ? own : 'python3', ['-c', code], { cwd: root, encoding: 'utf8' })
}

const [, , ...words] = process.argv
const schema = JSON.parse(readSchema(words.find((word) => !word.startsWith('--'))))
const parts = Object.entries(schema.$defs).map(declare)
const union = `export type FeedMessage =\n${schema.oneOf.map((s) => `  | ${reference(s)}\n`).join('')}`
const text = [HEAD, ...parts, union].join('\n')
if (words.includes('--print')) process.stdout.write(text)
else writeFileSync(target, text)
