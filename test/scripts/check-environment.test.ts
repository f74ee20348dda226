import { expect, test } from 'vitest'
import { findEnvironmentViolations } from '../../scripts/check-environment.mjs'

const reads = 'reads the environment of the process: use the environment of the host'
const whole = 'passes the whole process with its environment: pass only the members that are needed'
const home = 'calls os.homedir(), which reads HOME of the process: use findHomeDirectory(env) of @capstan/core'
const temporary =
  'calls os.tmpdir(), which reads TMPDIR of the process: use findTemporaryDirectory(env) of @capstan/core'
const starts = 'starts a process without `env` in the call: it gets process.env'
const passes = 'passes a function that starts processes: call it here with an `env`'

test.each([
  ['const { HOME } = process.env', reads],
  ["const home = process['env'].HOME", reads],
  ['const home = process[`env`].HOME', reads],
  ['const home = process?.env?.HOME', reads],
  ['const value = process[key]', reads],
  ['const home = globalThis.process.env.HOME', reads],
  ["const home = global['process'].env.HOME", reads],
  ['const { env } = process', reads],
  ["const { 'env': variables } = process", reads],
  ['const { pid, ...rest } = process', reads],
  ['const { env: { HOME } } = process', reads],
  ['function run({ env } = process) {}', reads],
  ['({ env } = process)', reads],
  ['class Shell { constructor(env = process.env) {} }', reads],
  ['const sources = { env: process.env }', reads],
  ['process.loadEnvFile()', reads],
  ["import { env } from 'node:process'", reads],
  ["import { env as variables } from 'process'", reads],
  ["export { env } from 'node:process'", reads],
  ["const { env } = await import('node:process')", reads],
  ["const { env } = require('process')", reads],
  ["import system from 'node:process'; const home = system.env.HOME", reads],
  ["import * as system from 'process'; const { env } = system", reads],
  ['const home = import.meta.env.HOME', reads],
  ['const alias = process', whole],
  ['run(process)', whole],
  ["Reflect.get(process, 'env')", whole],
  ['const io = { signals: globalThis.process }', whole],
  ["import { homedir } from 'node:os'", home],
  ["import { homedir as findHome } from 'os'", home],
  ["import os from 'node:os'; os.homedir()", home],
  ["import * as os from 'os'; const { path = os.tmpdir() } = options", temporary],
  ["import { tmpdir } from 'node:os'", temporary],
  ["const { tmpdir } = await import('node:os')", temporary],
  ["import { spawn } from 'node:child_process'; spawn('ls', [])", starts],
  ["import { spawnSync as run } from 'child_process'; run('ls', { stdio: 'ignore' })", starts],
  ["import childProcess from 'node:child_process'; childProcess.execFileSync('ls')", starts],
  ["import { fork } from 'node:child_process'; fork('a.mjs', options)", starts],
  ["const { exec } = await import('node:child_process'); exec('ls')", starts],
  ["import { execFile } from 'node:child_process'; promisify(execFile)", passes],
  [
    "import { Worker } from 'node:worker_threads'; new Worker('a.mjs')",
    'starts a worker without `env` in the call: it gets process.env',
  ],
  [
    "import { execa } from 'execa'; execa('ls', [], { env })",
    'starts a process without `extendEnv` in the call: it gets process.env',
  ],
  [
    "const { execa } = await import('execa'); execa('ls')",
    'starts a process without `env` and `extendEnv` in the call: it gets process.env',
  ],
  [
    "import { createRuntimeHost } from '@capstan/core'; createRuntimeHost({ plugins })",
    'creates a host without `env`: it gets process.env',
  ],
])('reports %s', (text, violation) => {
  expect(findEnvironmentViolations('a.ts', `\n${text}\n`)).toEqual([{ path: 'a.ts', line: 2, text: violation }])
})

test.each([
  'const { env } = scope',
  'const { pid, platform: system } = process',
  "if (process.platform === 'win32') process.kill(process.pid, 0)",
  "import { hostname, userInfo } from 'node:os'",
  "import type { env } from 'node:process'",
  "import { spawn } from 'node:child_process'; spawn('ls', [], { env, stdio: 'ignore' })",
  "const { execa } = await import('execa'); execa('ls', [], { env, extendEnv: false })",
  "import { createRuntimeHost } from '@capstan/core'; createRuntimeHost({ plugins, env })",
  'class Shell { constructor(process: MemoryProcess) { this.env = { ...process.env } } }',
  'const process = await exec(id); const { env } = process; kill(process)',
  'for (const process of processes) stop(process.env)',
  'type Program = (process: MemoryProcess) => Promise<number>',
  '// process.env',
  "const text = 'process.env'",
])('accepts %s', (text) => {
  expect(findEnvironmentViolations('a.ts', text)).toEqual([])
})
