import { memoryPlugin } from '@capstan/runtime-memory'
import { afterAll, beforeAll, describe, it } from 'vitest'
import { runtimePluginSuite } from '../src/index.js'
import { printReport } from './print-report.js'

runtimePluginSuite(
  { describe, it, beforeAll, afterAll },
  { plugin: memoryPlugin(), image: 'busybox:latest', concurrency: 16, onReport: printReport },
)
