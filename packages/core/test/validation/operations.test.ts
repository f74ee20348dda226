import { describe, expect, it } from 'vitest'
import {
  type StringMap,
  validateBuild,
  validateContainerUpdate,
  validateEventOptions,
  validateExec,
  validateFirewallRules,
  validateId,
  validateListContainersOptions,
  validateListOptions,
  validateLogOptions,
  validateRemoveOptions,
  validateSignal,
  validateStopOptions,
  validateTerminalSize,
} from '../../src/plugin.js'

/** TypeScript accepts a map as any object without required fields. */
const labelMap: StringMap = { 'com.example.app': 'web' }
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
  ['since', () => validateEventOptions({ since: 'yesterday' })],
  ['until', () => validateEventOptions({ until: new Date(Number.NaN) })],
  ['until', () => validateEventOptions({ since: new Date(1), until: '1970-01-01T00:00:00Z' })],
  ['kinds[1]', () => validateEventOptions({ kinds: ['container', 'pod' as 'image'] })],
  ['kinds', () => validateEventOptions({ kinds: [] })],
  ['kinds', () => validateEventOptions({ kinds: 'image' as never })],
  ['labels', () => validateEventOptions({ kinds: ['image'], labels: { app: 'web' } })],
  ['labels["a=b"]', () => validateEventOptions({ labels: { 'a=b': '' } })],
  ['labels["app"]', () => validateEventOptions({ labels: { app: 7 as never } })],
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
  ['tags', () => validateBuild('FROM scratch', 'app', { tags: 'app:2' as never })],
  ['tags[1]', () => validateBuild('FROM scratch', 'app', { tags: ['app:2', '-t'] })],
  ['target', () => validateBuild('FROM scratch', 'app', { target: 'a b' })],
  ['size', () => validateTerminalSize(null as never)],
  ['since', () => validateLogOptions({ since: '2026-13-45T99:99:99Z' })],
  ['follow', () => validateLogOptions({ follow: 'yes' as never })],
  ['stderr', () => validateLogOptions({ stderr: 0 as never })],
  ['tty', () => validateExec(['ls'], { tty: 'yes' as never })],
  ['command', () => validateExec('ls' as never, {})],
  ['rules', () => validateFirewallRules(undefined as never)],
  ['allow[0]', () => validateFirewallRules({ ...rules, allow: [null as never] })],
  ['signal', () => validateSignal(9)],
  ['signal', () => validateSignal('kill -9')],
  ['signal', () => validateSignal(undefined)],
  ['id', () => validateId('c1/../../images')],
  ['id', () => validateId({ toString: () => 'c1' })],
  ['context', () => validateBuild('FROM scratch', 'app', { context: '.' as never })],
  ['context.directory', () => validateBuild('FROM scratch', 'app', { context: { directory: '' } })],
  ['context.files', () => validateBuild('FROM scratch', 'app', { context: {} as never })],
  ['noCache', () => validateBuild('FROM scratch', 'app', { noCache: 1 as never })],
  ['buildArgs["A=B"]', () => validateBuild('FROM scratch', 'app', { buildArgs: { 'A=B': 'x' } })],
  ['keepVolumes', () => validateRemoveOptions({ keepVolumes: 1 as never })],
  ['labels["a=b"]', () => validateListOptions({ labels: { 'a=b': 'c' } })],
  ['com.example.app', () => validateListOptions(labelMap)],
  ['com.example.app', () => validateListContainersOptions(labelMap)],
  ['options', () => validateListOptions(null as never)],
  ['labelKeys', () => validateListOptions({ labelKeys: 'a' as never })],
  ['labelKeys[1]', () => validateListOptions({ labelKeys: ['a', ''] })],
  ['labelKeys[0]', () => validateListContainersOptions({ labelKeys: ['a=b'] })],
  ['states[0]', () => validateListContainersOptions({ states: ['gone' as never] })],
  ['update', () => validateContainerUpdate({})],
  ['update', () => validateContainerUpdate(null as never)],
  ['update.cpus', () => validateContainerUpdate({ cpus: Number.POSITIVE_INFINITY })],
  ['update.memoryBytes', () => validateContainerUpdate({ memoryBytes: 0.5 })],
  ['update.pidsLimit', () => validateContainerUpdate({ cpus: 1, pidsLimit: 0 })],
  ['update.restartPolicy.name', () => validateContainerUpdate({ restartPolicy: { name: 'never' as never } })],
  ['update.swapBytes', () => validateContainerUpdate({ cpus: 1, swapBytes: 1 } as never)],
  ['dns[0]', () => validateBuild('FROM scratch', 'app', { dns: ['x'] })],
]

describe('an invalid argument of an operation causes INVALID_ARGUMENT with the path of the field', () => {
  it.each(cases)('%s', (field, validate) => {
    expect(validate).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT', facts: expect.objectContaining({ field }) }),
    )
  })
})

it('the value of an invalid build argument is not shown, since it may be a secret', () => {
  const build = () => validateBuild('FROM scratch', 'app', { buildArgs: { TOKEN: 'hush\0' } })
  expect(build).toThrow('buildArgs["TOKEN"] must be a string without NUL, not string')
})

describe('valid arguments', () => {
  it('are accepted', () => {
    validateTerminalSize({ height: 1, width: 65_535 })
    for (const signal of ['SIGTERM', 'KILL', '9', 'RTMIN+3']) validateSignal(signal)
    validateId('sha256:0123/x@y')
    validateBuild('FROM scratch', 'app', { context: { files: {} }, pull: true })
    validateLogOptions({ since: '2026-01-02T03:04:05.123456789Z', tailLines: 0, stderr: false })
    validateExec(['sh', '-c', 'echo "$1"', ''], { user: '0', tty: true })
    validateFirewallRules({ ...rules, allow: [{ host: '10.0.0.1', port: 53 }], dns: 'engine' })
    validateBuild('FROM scratch', 'host:5000/app:1', { buildArgs: { VERSION: '1\n2' }, target: 'build' })
  })
})
