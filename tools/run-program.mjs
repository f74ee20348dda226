import { spawn } from 'node:child_process'

/**
 * Runs a program with stdin closed and resolves with its exit code and its output in order of arrival. The exit code of a
 * program that cannot be started is 127.
 *
 * @param {string} program
 * @param {readonly string[]} args
 * @param {{ readonly env?: NodeJS.ProcessEnv, readonly cwd?: string }} [options]
 * @returns {Promise<{ readonly code: number, readonly output: string }>}
 */
export function runProgram(program, args, { env = process.env, cwd } = {}) {
  return new Promise((resolve) => {
    const child = spawn(program, args, { env, ...(cwd && { cwd }), stdio: ['ignore', 'pipe', 'pipe'] })
    /** @type {Buffer[]} */
    const output = []
    child.stdout.on('data', (chunk) => output.push(chunk))
    child.stderr.on('data', (chunk) => output.push(chunk))
    child.on('error', (error) => resolve({ code: 127, output: error.message }))
    child.on('close', (code) => resolve({ code: code ?? 128, output: Buffer.concat(output).toString() }))
  })
}
