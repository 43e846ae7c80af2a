// English is the original: the other languages have the same keys.
export default {
  'host.title': 'Your room',
}
