// The review console. English is the original: the other languages have the same keys.
export default {
  'review.title': 'Review',
}
