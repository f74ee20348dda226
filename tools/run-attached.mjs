import { spawn } from 'node:child_process'
import { constants } from 'node:os'

/**
 * Runs a Node program on this terminal and resolves with its exit status (128 + number for a signal). This process ignores
 * SIGINT meanwhile, which the terminal sends to both, and forwards SIGTERM.
 *
 * @param {readonly string[]} args
 * @param {{ readonly cwd: string, readonly env?: NodeJS.ProcessEnv }} options
 * @returns {Promise<number>}
 */
export async function runAttached(args, { cwd, env = process.env }) {
  const child = spawn(process.execPath, args, { cwd, env, stdio: 'inherit' })
  const ignore = () => {}
  const pass = () => child.kill('SIGTERM')
  process.on('SIGINT', ignore).on('SIGTERM', pass)
  try {
    return await new Promise((resolve, reject) => {
      child.on('error', reject)
      child.on('close', (code, signal) => resolve(code ?? 128 + (signal ? constants.signals[signal] : 0)))
    })
  } finally {
    process.off('SIGINT', ignore).off('SIGTERM', pass)
  }
}
