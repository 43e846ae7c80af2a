// Prints TypeScript types of some answers of the HTTP API, from its OpenAPI document on standard input, with all that
// they are made of:
//   node scripts/api-types.mjs Timeline ServiceStatus < openapi.json
// Tests compare the console's own types with them.
import { readFileSync } from 'node:fs'
import { declare } from './schema.mjs'

const { schemas } = JSON.parse(readFileSync(0, 'utf8')).components
const wanted = process.argv.slice(2)
const done = new Set()
while (wanted.length) {
  const name = wanted.pop()
  const known = schemas[`${name}-Output`] ? `${name}-Output` : name
  if (done.has(known)) continue
  if (!schemas[known]) throw new Error(`the API has no answer that is called ${name}`)
  done.add(known)
  for (const [, other] of JSON.stringify(schemas[known]).matchAll(/"#\/components\/schemas\/([^"]+)"/g)) wanted.push(other)
  console.log(declare([known, schemas[known]]))
}
