import board from './board.ts'
import host from './host.ts'
import ops from './ops.ts'
import review from './review.ts'
import room from './room.ts'
import shell from './shell.ts'

export default { ...shell, ...board, ...room, ...review, ...ops, ...host }
