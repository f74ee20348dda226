import { release, type } from 'node:os'
import type { MemoryProgram } from '@capstan/runtime-memory'

/** What `/hello` of examples/quickstart does, for a runtime that runs no real programs. */
export const helloProgram: MemoryProgram = async ({ stdout, env }) => {
  const host = env.HOSTNAME === undefined ? '' : `, host ${env.HOSTNAME}`
  stdout.write(`Hello from a simulated container: ${type()} ${release()} on ${process.arch}${host}\n`)
  return 0
}
