// TypeScript types from JSON Schema: what feed-types.mjs and api-types.mjs share.

/** The name of the type of "#/$defs/Name" or "#/components/schemas/Name". */
export const reference = (schema) => nameOf(schema.$ref.replace(/^.*\//, ''))
/** What is sent is meant, where it differs from what is taken. */
const nameOf = (name) => name.replace(/-Output$/, '').replace(/\W/g, '_')

/** The TypeScript type of a schema. Throws on a keyword that it doesn't know, rather than write a wrong type. */
export function typeOf(schema) {
  if (schema.$ref) return reference(schema)
  if ('const' in schema) return literal(schema.const)
  if (schema.enum) return schema.enum.map(literal).join(' | ')
  const union = schema.anyOf ?? schema.oneOf
  if (union) return union.map(typeOf).join(' | ')
  if (schema.allOf?.length === 1) return typeOf(schema.allOf[0])
  switch (schema.type) {
    case 'string':
    case 'boolean':
    case 'null':
      return schema.type
    case 'integer':
    case 'number':
      return 'number'
    case 'array':
      return schema.prefixItems ? `[${schema.prefixItems.map(typeOf).join(', ')}]` : listOf(typeOf(schema.items))
    case 'object': {
      const values = schema.additionalProperties
      if (schema.properties || !values) break
      const value = values === true ? 'unknown' : typeOf(values)
      return schema.propertyNames?.enum ? `Partial<Record<${schema.propertyNames.enum.map(literal).join(' | ')}, ${value}>>` : `Record<string, ${value}>`
    }
  }
  throw new Error(`no type is known for ${JSON.stringify(schema)}`)
}

const listOf = (item) => (item.includes('|') ? `(${item})[]` : `${item}[]`)
const literal = (value) => (typeof value === 'string' ? `'${value}'` : JSON.stringify(value))

function comment(text, indent) {
  if (!text) return ''
  const lines = text.replaceAll('*/', '* /').split('\n')
  const body = lines.length === 1 ? ` ${lines[0]} ` : lines.map((l) => `\n${indent} * ${l}`).join('') + `\n${indent} `
  return `${indent}/**${body}*/\n`
}

/** The declaration of a named schema. Every field is there: the service leaves none out. */
export function declare([name, schema]) {
  if (schema.type !== 'object' || !schema.properties) return `${comment(schema.description, '')}export type ${nameOf(name)} = ${typeOf(schema)}\n`
  const fields = Object.entries(schema.properties).map(
    ([key, value]) => `${comment(value.description, '  ')}  ${key}: ${typeOf(value)}\n`,
  )
  return `${comment(schema.description, '')}export interface ${nameOf(name)} {\n${fields.join('')}}\n`
}
