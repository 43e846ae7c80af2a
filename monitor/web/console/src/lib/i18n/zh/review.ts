import type en from '../en/review.ts'
import type { Messages } from '../types.ts'

const messages: Messages<keyof typeof en> = {
  'review.title': '审核',
}
export default messages
