import { describe, expect, it } from 'vitest'
import {
  validateBuild,
  validateExec,
  validateFirewallRules,
  validateLogOptions,
  validateStopOptions,
  validateTerminalSize,
} from '../../src/index.js'

const rules = { proxyHost: 'proxy', proxyPort: 3128 }
const cases: readonly (readonly [string, () => void])[] = [
  ['size.height', () => validateTerminalSize({ height: 0, width: 0 })],
  ['size.height', () => validateTerminalSize({ height: 70_000, width: 1 })],
  ['size.width', () => validateTerminalSize({ height: 1, width: 1.5 })],
  ['initialSize.height', () => validateTerminalSize({ height: Number.NaN, width: 1 }, 'initialSize')],
  ['graceMs', () => validateStopOptions({ graceMs: -1 })],
  ['since', () => validateLogOptions({ since: new Date(Number.NaN) })],
  ['since', () => validateLogOptions({ since: 'yesterday' })],
  ['tailLines', () => validateLogOptions({ tailLines: -1 })],
  ['stdout', () => validateLogOptions({ stdout: false, stderr: false })],
  ['command', () => validateExec([], {})],
  ['command', () => validateExec([''], {})],
  ['env["A=B"]', () => validateExec(['ls'], { env: { 'A=B': '' } })],
  ['workingDirectory', () => validateExec(['ls'], { workingDirectory: 'here' })],
  ['proxyPort', () => validateFirewallRules({ ...rules, proxyPort: 0 })],
  ['proxyHost', () => validateFirewallRules({ ...rules, proxyHost: '; rm -rf /' })],
  ['allow[0].port', () => validateFirewallRules({ ...rules, allow: [{ host: 'db', port: 65_536 }] })],
  ['dns', () => validateFirewallRules({ ...rules, dns: 'all' as 'none' })],
  ['dockerfile', () => validateBuild(' ', 'app', {})],
  ['tag', () => validateBuild('FROM scratch', '-t', {})],
  ['target', () => validateBuild('FROM scratch', 'app', { target: 'a b' })],
  ['dns[0]', () => validateBuild('FROM scratch', 'app', { dns: ['x'] })],
]

describe('bad arguments of an operation are INVALID_ARGUMENT with the path of the field (F15, F25)', () => {
  it.each(cases)('%s', (field, validate) => {
    expect(validate).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT', facts: expect.objectContaining({ field }) }),
    )
  })
})

describe('sound arguments', () => {
  it('pass', () => {
    validateTerminalSize({ height: 1, width: 65_535 })
    validateLogOptions({ since: '2026-01-02T03:04:05.123456789Z', tailLines: 0, stderr: false })
    validateExec(['sh', '-c', 'echo "$1"', ''], { user: '0', tty: true })
    validateFirewallRules({ ...rules, allow: [{ host: '10.0.0.1', port: 53 }], dns: 'engine' })
    validateBuild('FROM scratch', 'host:5000/app:1', { buildArgs: { VERSION: '1\n2' }, target: 'build' })
  })
})
