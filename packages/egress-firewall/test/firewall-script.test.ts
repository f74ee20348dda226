import { execFile } from 'node:child_process'
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { readFirewallOutcome, type ScriptResult } from '../src/firewall-outcome.js'
import { type FirewallPlan, sealPlan } from '../src/firewall-plan.js'
import { toFirewallScript } from '../src/firewall-script.js'

const plan: FirewallPlan = {
  destinations: [
    { address: '172.18.0.2', port: 3128 },
    { address: 'fd00::2', port: 3128 },
  ],
  nameServers: [],
  blockedResolver: '127.0.0.11',
  allowsReplies: true,
  testAddress: '172.18.0.1',
}

let directory: string

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'capstan-firewall-'))
  onTestFinished(() => rm(directory, { recursive: true, force: true }))
  await mkdir(join(directory, 'bin'))
  await mkdir(join(directory, 'net'))
  await writeFile(join(directory, 'net', 'dev'), 'Inter-| Receive\n')
  await writeProgram('ping', 'exit 1')
})

/** Writes a program for the script. The log shows in which order the programs were called. */
async function writeProgram(name: string, script: string): Promise<void> {
  const path = join(directory, 'bin', name)
  await writeFile(path, `#!/bin/sh\nexport PATH=/usr/bin:/bin\necho "${name} $*" >> ${directory}/log\n${script}\n`)
  await chmod(path, 0o755)
}

/** Writes an iptables that keeps policies and rules in a file, and fails for a command with that text. */
async function writeTool(name: string, failsAt = 'nothing', output = ''): Promise<void> {
  await writeFile(join(directory, name), '-P INPUT ACCEPT\n-P FORWARD ACCEPT\n-P OUTPUT ACCEPT\n')
  await writeProgram(
    name,
    `[ "$1 $2" = "-w 5" ] || exit 64
shift 2
case "$*" in *"${failsAt}"*) echo "refused by the kernel" ${output}; exit 1;; esac
state=${directory}/${name}
action=$1; chain=$2; [ $# -gt 1 ] && shift 2 || shift
case $action in
  -S) if [ -n "$chain" ]; then grep -e "-[PA] $chain" $state; else cat $state; fi; exit 0;;
  -P) sed -i "s/^-P $chain .*/-P $chain $1/" $state;;
  -F) sed -i "/^-A $chain /d" $state;;
  -A) echo "-A $chain $*" >> $state;;
  -I) { grep -e ^-P $state; echo "-A $chain $*"; grep -e ^-A $state; } > $state.new; mv $state.new $state;;
  -C) grep -qxF -e "-A $chain $*" $state;;
  -D) grep -vxF -e "-A $chain $*" $state > $state.new; mv $state.new $state;;
esac`,
  )
}

function run(of: FirewallPlan): Promise<ScriptResult> {
  // The script sets its own PATH; the programs of this test come first in it.
  const script = toFirewallScript(of)
    .replace(/^PATH=.*$/m, `PATH=${directory}/bin:/usr/bin:/bin`)
    .replaceAll('/proc/net/', `${directory}/net/`)
    .replace(/^mkdir -p \/run.*$/m, '')
  return new Promise((resolve) => {
    execFile('/bin/sh', ['-c', script], (error, stdout) => {
      resolve({ exitCode: typeof error?.code === 'number' ? error.code : 0, output: stdout })
    })
  })
}

async function runAndRead(of: FirewallPlan) {
  return readFirewallOutcome(await run(of), of)
}

async function readLog(): Promise<readonly string[]> {
  return (await readFile(join(directory, 'log'), 'utf8')).trim().split('\n')
}

test('sets the policy DROP in both families before any other change, then sets and prints the rules', async () => {
  await writeTool('iptables')
  await writeTool('ip6tables')
  expect(await runAndRead(plan)).toEqual({ state: 'set' })
  const changes = (await readLog()).filter((line) => !/^ping| -[SC]( |$)/.test(line))
  expect(changes.slice(0, 4)).toEqual([
    'iptables -w 5 -P OUTPUT DROP',
    'ip6tables -w 5 -P OUTPUT DROP',
    'iptables -w 5 -P FORWARD DROP',
    'ip6tables -w 5 -P FORWARD DROP',
  ])
})

test('drops all TCP packets until the rule of INPUT is set, and allows replies only after that', async () => {
  await writeTool('iptables')
  await writeTool('ip6tables')
  await run(plan)
  const log = await readLog()
  for (const tool of ['iptables', 'ip6tables']) {
    const indexOf = (text: string) => log.findIndex((line) => line.startsWith(`${tool} -w 5 ${text}`))
    const order = [
      '-F OUTPUT',
      '-I INPUT ! -i lo -p tcp -j DROP',
      '-I INPUT -p tcp -m tcp ! --tcp-flags FIN,SYN,RST,ACK SYN -m conntrack --ctstate NEW -j DROP',
      '-D INPUT ! -i lo -p tcp -j DROP',
      '-A OUTPUT -m conntrack --ctstate RELATED,ESTABLISHED --ctdir REPLY -j ACCEPT',
    ].map(indexOf)
    expect(order).not.toContain(-1)
    expect(order).toEqual([...order].sort((left, right) => left - right))
    expect(await readFile(join(directory, tool), 'utf8')).not.toContain('-A INPUT ! -i lo -p tcp -j DROP')
  }
})

test('sets the same rules when it runs a second time', async () => {
  await writeTool('iptables')
  await writeTool('ip6tables')
  await run(plan)
  expect(await runAndRead(plan)).toEqual({ state: 'set' })
  expect((await readFile(join(directory, 'iptables'), 'utf8')).match(/-A INPUT/g)).toHaveLength(1)
})

test('stops at the first rule that fails, with the policy DROP in both families', async () => {
  await writeTool('iptables', '--dport 3128')
  await writeTool('ip6tables')
  const result = await run(plan)
  expect(result.exitCode).toBe(4)
  expect(readFirewallOutcome(result, plan)).toEqual({
    state: 'failed',
    reason: expect.stringMatching(/: iptables -A OUTPUT -d 172\.18\.0\.2\/32 .* -j ACCEPT: refused by the kernel$/),
  })
  for (const tool of ['iptables', 'ip6tables']) {
    expect(await readFile(join(directory, tool), 'utf8')).toContain('-P OUTPUT DROP')
  }
})

test('reports the stderr of a command that fails', async () => {
  await writeTool('iptables', '--dport 3128', '>&2')
  await writeTool('ip6tables')
  expect(await runAndRead(plan)).toMatchObject({ reason: expect.stringMatching(/refused by the kernel$/) })
})

test('changes nothing when no tool is installed', async () => {
  expect(await runAndRead(plan)).toEqual({ state: 'unchanged', reason: 'no iptables that works' })
})

test('uses another installed tool when the first fails', async () => {
  await writeProgram('iptables', 'exit 4')
  await writeTool('iptables-legacy')
  await writeTool('ip6tables')
  expect(await runAndRead(plan)).toEqual({ state: 'set' })
})

describe('without ip6tables', () => {
  const missing = { state: 'unchanged', reason: 'no ip6tables that works' }

  test('omits IPv6 when the namespace has no IPv6 address', async () => {
    await writeTool('iptables')
    expect(await runAndRead(plan)).toEqual({ state: 'set' })
    await writeFile(join(directory, 'net', 'if_inet6'), '')
    expect(await runAndRead(plan)).toEqual({ state: 'set' })
  })

  test('changes nothing when the namespace has an IPv6 address', async () => {
    await writeTool('iptables')
    await writeFile(join(directory, 'net', 'if_inet6'), 'fe80000000000000 eth0\n')
    expect(await runAndRead(plan)).toEqual(missing)
  })

  test('changes nothing when procfs is not mounted', async () => {
    await writeTool('iptables')
    await rm(join(directory, 'net', 'dev'))
    expect(await runAndRead(plan)).toEqual(missing)
  })
})

test('returns failed when the test address answers', async () => {
  await writeTool('iptables')
  await writeTool('ip6tables')
  await writeProgram('ping', 'exit 0')
  expect(await runAndRead(plan)).toMatchObject({
    state: 'failed',
    reason: expect.stringContaining('left the container'),
  })
})

test('sends no packet when the plan has no test address', async () => {
  await writeTool('iptables')
  await writeTool('ip6tables')
  await writeProgram('ping', 'exit 0')
  expect(await runAndRead({ ...plan, testAddress: undefined })).toEqual({ state: 'set' })
  expect((await readLog()).filter((line) => line.startsWith('ping'))).toEqual([])
})

test('seals a namespace that has rules', async () => {
  await writeTool('iptables')
  await writeTool('ip6tables')
  await run(plan)
  expect(await runAndRead(sealPlan)).toEqual({ state: 'set' })
  await writeTool('ip6tables', '-F OUTPUT')
  expect((await runAndRead(sealPlan)).state).toBe('failed')
})
