import type en from '../en/ops.ts'
import type { Messages } from '../types.ts'

const messages: Messages<keyof typeof en> = {
  'ops.title': '运维',
}
export default messages
