// English is the original: the other languages have the same keys.
export default {
  'ops.title': 'Operations',
}
