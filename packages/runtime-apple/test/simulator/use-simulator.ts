import { onTestFinished } from 'vitest'
import { type Simulator, type SimulatorOptions, startSimulator } from './start-simulator.mjs'

/** Starts a simulator for one test. */
export async function useSimulator(options?: SimulatorOptions): Promise<Simulator> {
  const simulator = await startSimulator(options)
  onTestFinished(() => simulator.close())
  return simulator
}
