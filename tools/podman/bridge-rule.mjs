import { delimiter } from 'node:path'
import { engineFiles } from '../engine/engine-files.mjs'
import { programPath } from '../engine/engine-packages.mjs'
import { runProgram } from '../run-program.mjs'

/**
 * Adds a rule by which containers on one network of Podman reach each other on a machine with a Docker Engine. The engine
 * sets the policy of the FORWARD chain to DROP, which applies between ports of one bridge too, and Podman adds no rules for
 * an internal network.
 */
export async function addBridgeRule() {
  if (!(await filters(['--list-rules', chain]))) return
  if (!(await filters(['--check', chain, ...rule]))) await filters(['--insert', chain, ...rule])
}

/** Removes the rule of {@link addBridgeRule}. */
export async function removeBridgeRule() {
  while (await filters(['--delete', chain, ...rule]));
}

/**
 * Runs the iptables of the engine, which `tools/engine` chose.
 *
 * @param {readonly string[]} args
 */
async function filters(args) {
  const env = { ...process.env, PATH: [engineFiles.programs, programPath].join(delimiter) }
  const { code } = await runProgram('iptables', ['--wait', '5', ...args], { env })
  return code === 0
}

/** A chain that Docker does not change: https://docs.docker.com/engine/network/packet-filtering-firewalls/ */
const chain = 'DOCKER-USER'
const rule = [
  ...['--in-interface', 'podman+', '--match', 'physdev', '--physdev-is-bridged'],
  ...['--match', 'comment', '--comment', 'capstan-podman', '--jump', 'ACCEPT'],
]
