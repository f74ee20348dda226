import { readdirSync, readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { findProcess, isRunning } from '../engine/process-identity.mjs'
import { podmanEnv } from './podman-files.mjs'

/**
 * Ends the remaining processes of the tests' Podman: monitors of exec processes, which it keeps for a while, and the name
 * server of its networks. They are found by the path of the configuration in the environment that they inherit.
 */
export async function endProcesses() {
  const left = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid && isSameOwner(name))
    .map((name) => findProcess(Number(name)))
    .filter((found) => found !== undefined)
  for (const signal of /** @type {const} */ (['SIGTERM', 'SIGKILL'])) {
    for (const found of left.filter(isRunning)) process.kill(found.pid, signal)
    for (const end = Date.now() + graceMs; Date.now() < end && left.some(isRunning); ) await delay(50)
  }
}

/** @param {string} pid */
function isSameOwner(pid) {
  try {
    const environment = readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0')
    return environment.includes(`CONTAINERS_CONF=${podmanEnv.CONTAINERS_CONF}`)
  } catch {
    return false
  }
}

const graceMs = 3000
