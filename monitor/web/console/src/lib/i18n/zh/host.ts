import type en from '../en/host.ts'
import type { Messages } from '../types.ts'

const messages: Messages<keyof typeof en> = {
  'host.title': '您的房间',
}
export default messages
