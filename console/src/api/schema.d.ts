// Generated from openapi.json by `npm run schema`; do not edit.

export interface paths {
    "/api/v1/alarms": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Active alarms, the most urgent first */
        get: operations["list-alarms"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/api-keys": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The API keys, without their secrets */
        get: operations["list-api-keys"];
        put?: never;
        /**
         * Make an API key
         * @description The answer is the only time the secret is shown.
         */
        post: operations["create-api-key"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/api-keys/{key}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Remove an API key */
        delete: operations["delete-api-key"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/config": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Every setting with its origin */
        get: operations["list-config"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/config/{key}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One setting: value, origin and what it overrides */
        get: operations["get-config"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/live": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Messages as they arrive (server-sent events)
         * @description Events: message, with a LiveMessage as data; dropped, with a LiveDropped, when this reader was too slow. A comment every 15 seconds shows that the stream lives. It ends at once with the session or key, and when the node stops.
         */
        get: operations["live"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/log-level": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** How much the node logs */
        get: operations["get-log-level"];
        /** Change how much the node logs, until its next start */
        put: operations["set-log-level"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/publish": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Publish a message
         * @description With QoS 1 the answer waits until the stream that keeps the topic, if one does, has the message. Topics that begin with $ are the server's own: they are refused as not allowed (403), as over MQTT.
         */
        post: operations["publish"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/series": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The series of the historian, sorted by name */
        get: operations["list-series"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/series/latest": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The newest value of each series */
        get: operations["list-latest"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/series/range": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Samples or buckets of up to 20 series
         * @description Name at least one series: by series, or exactly by topic and metric. The answer has those by series first. from <= time < to. Buckets begin at multiples of their width since 1970 UTC; one without a sample is absent.
         */
        get: operations["get-range"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/session": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Who am I */
        get: operations["get-session"];
        put?: never;
        /**
         * Sign in
         * @description Sets the session's cookie. The answer's csrf goes into the header X-CSRF-Token of everything that changes something.
         */
        post: operations["sign-in"];
        /** Sign out */
        delete: operations["sign-out"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/status": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The node at this moment */
        get: operations["get-status"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/status/history": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The node's own figures over the last hour
         * @description A figure that had nothing to measure at a time reads 0.
         */
        get: operations["get-history"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/streams": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The durable streams, in the order they take messages */
        get: operations["list-streams"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/topics": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * One level of the topic tree, or a flat list
         * @description Sorted by name. The node remembers the topics that it saw lately, not every topic ever.
         */
        get: operations["list-topics"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/topics/last": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The last message of one topic */
        get: operations["get-last-message"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/users": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Who may sign in */
        get: operations["list-users"];
        put?: never;
        /** Let somebody sign in */
        post: operations["create-user"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/users/{name}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /**
         * Remove a user and end their sessions
         * @description The last administrator stays.
         */
        delete: operations["delete-user"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/users/{name}/password": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /**
         * Set a password
         * @description One's own needs the current one. Administrators set those of others, whose sessions then end.
         */
        put: operations["change-password"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        APIKey: {
            /** Format: date-time */
            created: string;
            key: string;
            /** Format: date-time */
            lastSeen?: string;
            name: string;
            /** @enum {string} */
            role: "administrator" | "operator" | "viewer";
        };
        Alarm: {
            detail: string;
            id: string;
            /**
             * Format: int64
             * @description 1 act now, 2 within minutes, 3 this shift, 4 diagnostic
             */
            priority: number;
            /** Format: date-time */
            since: string;
            title: string;
        };
        BrokerStatus: {
            /**
             * Format: double
             * @description Bytes per second
             */
            bytesInRate: number;
            /**
             * Format: double
             * @description Bytes per second
             */
            bytesOutRate: number;
            /** Format: int64 */
            connections: number;
            /**
             * Format: double
             * @description Messages per second
             */
            droppedRate: number;
            /**
             * Format: double
             * @description Messages per second
             */
            receivedRate: number;
            /**
             * Format: int64
             * @description Messages published to the node since its start
             */
            receivedTotal: number;
            /**
             * Format: double
             * @description Messages per second
             */
            sentRate: number;
            /**
             * Format: int64
             * @description Messages delivered since the start
             */
            sentTotal: number;
            /** Format: int64 */
            subscriptions: number;
        };
        CreateAPIKey: {
            /** @description What the key is for */
            name: string;
            /** @enum {string} */
            role: "administrator" | "operator" | "viewer";
        };
        HistorianStatus: {
            /**
             * Format: int64
             * @description Bytes on disk
             */
            bytes: number;
            /**
             * Format: double
             * @description Seconds between a message's arrival and its points being queryable
             */
            lag: number;
            /**
             * Format: double
             * @description Points per second
             */
            pointsRate: number;
            /**
             * Format: int64
             * @description Points taken in since the start
             */
            pointsTotal: number;
            /** @description Committed position in the stream */
            position: string;
            /** Format: int64 */
            series: number;
        };
        History: {
            /** @description By figure: received, sent, dropped, points, append_p50, append_p99, dropped:REASON …; one value a time */
            rows: {
                [key: string]: number[];
            };
            /**
             * Format: double
             * @description Seconds between two values
             */
            step: number;
            /** @description Milliseconds since 1970 UTC */
            times: number[];
        };
        Latest: {
            metric: string;
            /** @description Topic, slash, metric path */
            series: string;
            /** Format: date-time */
            time: string;
            topic: string;
            /** @description Number, boolean or text; null stands for a number JSON cannot write */
            value: unknown;
        };
        LiveDropped: {
            /**
             * Format: int64
             * @description Messages this reader missed since the last such event
             */
            dropped: number;
        };
        LiveMessage: {
            /**
             * Format: int64
             * @description Messages on this topic since its last event (every set), else 1
             */
            count: number;
            /** @enum {string} */
            encoding: "text" | "base64";
            payload: string;
            publisher: string;
            /** Format: int64 */
            qos: number;
            retain: boolean;
            /**
             * Format: int64
             * @description Bytes of the payload
             */
            size: number;
            /** Format: date-time */
            time: string;
            topic: string;
            /** @description True when the event carries only the payload's first 64 KiB */
            truncated: boolean;
        };
        LogLevel: {
            /** @enum {string} */
            level: "debug" | "info" | "warn" | "error";
        };
        Meta: {
            /**
             * Format: int64
             * @description Items in the whole list that match
             */
            count: number;
            /**
             * Format: int64
             * @description Items a page at most
             */
            limit: number;
            /**
             * Format: int64
             * @description This page, from 1
             */
            page: number;
        };
        NewAPIKey: {
            /** Format: date-time */
            created: string;
            key: string;
            /** Format: date-time */
            lastSeen?: string;
            name: string;
            /** @enum {string} */
            role: "administrator" | "operator" | "viewer";
            secret: string;
        };
        NewPassword: {
            /**
             * Format: password
             * @description The password until now; needed for one's own
             */
            current?: string;
            /** Format: password */
            password: string;
        };
        NewUser: {
            name: string;
            /** Format: password */
            password: string;
            /** @enum {string} */
            role: "administrator" | "operator" | "viewer";
        };
        PageAPIKey: {
            items: components["schemas"]["APIKey"][];
            meta: components["schemas"]["Meta"];
        };
        PageAlarm: {
            items: components["schemas"]["Alarm"][];
            meta: components["schemas"]["Meta"];
        };
        PageLatest: {
            items: components["schemas"]["Latest"][];
            meta: components["schemas"]["Meta"];
        };
        PageSeries: {
            items: components["schemas"]["Series"][];
            meta: components["schemas"]["Meta"];
        };
        PageSetting: {
            items: components["schemas"]["Setting"][];
            meta: components["schemas"]["Meta"];
        };
        PageStreamStatus: {
            items: components["schemas"]["StreamStatus"][];
            meta: components["schemas"]["Meta"];
        };
        PageTopicNode: {
            items: components["schemas"]["TopicNode"][];
            meta: components["schemas"]["Meta"];
        };
        PageUser: {
            items: components["schemas"]["User"][];
            meta: components["schemas"]["Meta"];
        };
        Part: {
            error?: string;
            name: string;
            ready: boolean;
        };
        Problem: {
            /**
             * @description What to quote to support
             * @example MR-4040
             */
            code: string;
            /** @description What happened here, and what to do */
            detail?: string;
            /** @description Each part of the request that is not valid */
            errors?: components["schemas"]["ProblemDetail"][];
            /** @description The path that was asked */
            instance?: string;
            /**
             * @description The word that metrics and logs use
             * @example not_found
             */
            reason: string;
            /** @description Finds this request in the node's log */
            requestId?: string;
            /**
             * Format: int64
             * @description HTTP status
             */
            status: number;
            /** @description What kind of problem, the same for every case of the code */
            title: string;
            /** @description W3C trace id: the one of the request's traceparent header, else a new one */
            traceId?: string;
            /**
             * @description Where the code is explained
             * @example /api/docs#MR-4040
             */
            type: string;
        };
        ProblemDetail: {
            /** @description Where it stands, such as query.limit or body.topic */
            location: string;
            message: string;
        };
        ProcessStatus: {
            /** Format: int64 */
            cores: number;
            /**
             * Format: double
             * @description Cores in use, averaged over the last few seconds
             */
            cpu: number;
            /**
             * Format: int64
             * @description Bytes the streams and the historian hold
             */
            dataBytes: number;
            /**
             * Format: int64
             * @description Free bytes where the data lies
             */
            diskFree: number;
            /**
             * Format: int64
             * @description Bytes of that disk
             */
            diskTotal: number;
            /**
             * Format: int64
             * @description Resident bytes
             */
            memory: number;
        };
        Publish: {
            /**
             * @default text
             * @enum {string}
             */
            encoding: "text" | "base64";
            payload: string;
            /**
             * Format: int64
             * @default 0
             */
            qos: number;
            topic: string;
        };
        Published: {
            /** @description True when a stream holds the message on disk */
            kept: boolean;
        };
        RangeAnswer: {
            /**
             * Format: double
             * @description Seconds; 0 for raw samples
             */
            bucket: number;
            /** Format: date-time */
            from: string;
            items: components["schemas"]["RangeSeries"][];
            /** Format: date-time */
            to: string;
        };
        RangeSeries: {
            avg?: (number | null)[];
            count?: number[];
            first?: unknown[];
            last?: unknown[];
            max?: (number | null)[];
            /** @description The same of its metric */
            metric?: string;
            min?: (number | null)[];
            /**
             * Format: date-time
             * @description The from to go on with
             */
            nextFrom?: string;
            /** @description Topic, slash, metric path */
            series: string;
            /** @description Of each sample, or the start of each bucket */
            times: string[];
            /** @description The series' topic, when it was asked for by topic and metric */
            topic?: string;
            /** @description True when the limit cut the answer */
            truncated: boolean;
            /** @description Raw samples */
            values?: unknown[];
        };
        Reason: {
            /**
             * @description What to quote to support
             * @example MR-4216
             */
            code: string;
            /**
             * Format: double
             * @description Per second, over the last few seconds
             */
            rate: number;
            /** @description The word that metrics and logs use */
            reason: string;
            title: string;
            /** Format: int64 */
            total: number;
        };
        Series: {
            /** @enum {string} */
            kind: "number" | "boolean" | "text";
            metric: string;
            /** @description Topic, slash, metric path */
            series: string;
            /**
             * Format: date-time
             * @description Of the newest point
             */
            time: string;
            topic: string;
        };
        Session: {
            /** @description Send as X-CSRF-Token with every request that changes something (cookie sessions only) */
            csrf?: string;
            /** @description True while the generated first password is still in use */
            mustChangePassword: boolean;
            /** @enum {string} */
            role: "administrator" | "operator" | "viewer";
            /** @description Name of the user or API key */
            user: string;
        };
        Setting: {
            default: unknown;
            doc: string;
            key: string;
            /** @description Where the value comes from: a flag, an environment variable, file and line, or default */
            origin: string;
            /** @description What it overrides, nearest first */
            overrides: string[];
            type: string;
            /** @description Secrets read as *** */
            value: unknown;
        };
        SignIn: {
            /** Format: password */
            password: string;
            user: string;
        };
        Status: {
            alarms: components["schemas"]["Alarm"][];
            broker: components["schemas"]["BrokerStatus"];
            /** @description What was dropped or refused since the start, by reason */
            dropped: components["schemas"]["Reason"][];
            /** @enum {string} */
            durability: "power" | "process";
            historian: components["schemas"]["HistorianStatus"];
            node: string;
            /**
             * Format: date-time
             * @description The server's clock; it rules
             */
            now: string;
            /** @description Each part of the node by name */
            parts: components["schemas"]["Part"][];
            process: components["schemas"]["ProcessStatus"];
            ready: boolean;
            /** Format: date-time */
            started: string;
            streams: components["schemas"]["StreamStatus"][];
            version: string;
        };
        StreamStatus: {
            /**
             * Format: double
             * @description Milliseconds from hand-over to kept, median of the last minute
             */
            appendP50: number;
            /**
             * Format: double
             * @description The same, 99th percentile
             */
            appendP99: number;
            /**
             * Format: double
             * @description Messages per second
             */
            appendedRate: number;
            /**
             * Format: int64
             * @description Bytes on disk
             */
            bytes: number;
            filters: string[];
            /** @description Position of the oldest message */
            first: string;
            /**
             * Format: date-time
             * @description When the oldest message arrived; absent while there is none
             */
            firstTime?: string;
            /** @description Position of the newest message */
            last: string;
            /**
             * Format: date-time
             * @description The same of the newest
             */
            lastTime?: string;
            /**
             * Format: int64
             * @description Messages appended since the start
             */
            messages: number;
            name: string;
            /** @description True while the disk is too full to keep messages */
            refusing: boolean;
        };
        TopicMessage: {
            /** @enum {string} */
            encoding: "text" | "base64";
            payload: string;
            publisher: string;
            /** Format: int64 */
            qos: number;
            retain: boolean;
            /**
             * Format: int64
             * @description Bytes of the payload
             */
            size: number;
            /** @description The stream that keeps this topic */
            stream?: string;
            /** Format: date-time */
            time: string;
            topic: string;
            /** @description True when the payload is longer than what is kept of it */
            truncated: boolean;
        };
        TopicNode: {
            /**
             * Format: int64
             * @description Levels directly below
             */
            children: number;
            /** @description True when messages were published on exactly this topic */
            hasMessage: boolean;
            /** @description This level's own name */
            name: string;
            /** @description The payload's first characters, when it is text */
            preview?: string;
            /** @description Client that published it; for a level without messages of its own empty */
            publisher?: string;
            /**
             * Format: int64
             * @description Publishers seen at and below this level
             */
            publishers: number;
            /**
             * Format: double
             * @description Messages per second at and below this level
             */
            rate: number;
            /** @description That number over the last minutes, oldest first */
            spark?: number[];
            /**
             * Format: date-time
             * @description When its last message arrived
             */
            time?: string;
            /** @description Levels from the root, joined by / */
            topic: string;
            /**
             * Format: int64
             * @description Topics at and below this level
             */
            topics: number;
            /**
             * Format: double
             * @description The payload's number, or the one number of a JSON object that has just one or calls it value or v
             */
            value?: number;
        };
        User: {
            /** Format: date-time */
            created: string;
            /** Format: date-time */
            lastSeen?: string;
            name: string;
            /** @enum {string} */
            role: "administrator" | "operator" | "viewer";
        };
    };
    responses: never;
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    "list-alarms": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PageAlarm"];
                };
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "list-api-keys": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PageAPIKey"];
                };
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "create-api-key": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CreateAPIKey"];
            };
        };
        responses: {
            /** @description Created */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["NewAPIKey"];
                };
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "delete-api-key": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                key: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description No Content */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "list-config": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PageSetting"];
                };
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "get-config": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                key: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Setting"];
                };
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    live: {
        parameters: {
            query: {
                /** @description MQTT topic filter; repeat for more. A message that several match comes once */
                filter: string[];
                /** @description 100ms to 60s: at most one event for each topic and interval, with the count of its messages. Without it every message is an event */
                every?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The events */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/event-stream": components["schemas"]["LiveMessage"] | components["schemas"]["LiveDropped"];
                };
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "get-log-level": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LogLevel"];
                };
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "set-log-level": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["LogLevel"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LogLevel"];
                };
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    publish: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Publish"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Published"];
                };
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "list-series": {
        parameters: {
            query?: {
                /** @description Page, from 1 */
                page?: number;
                /** @description Items a page at most */
                limit?: number;
                /** @description What the series' names begin with */
                prefix?: string;
                /** @description What the series' names contain, letter case ignored */
                search?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PageSeries"];
                };
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "list-latest": {
        parameters: {
            query?: {
                /** @description Page, from 1 */
                page?: number;
                /** @description Items a page at most */
                limit?: number;
                /** @description What the series' names begin with */
                prefix?: string;
                /** @description What the series' names contain, letter case ignored */
                search?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PageLatest"];
                };
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "get-range": {
        parameters: {
            query?: {
                /** @description Name of a series; repeat for more. Two series can share a name: topic and metric tell them apart */
                series?: string[];
                /** @description Topic of a series, with its metric beside it; repeat both for more. The first metric belongs to the first topic, and so on */
                topic?: string[];
                /** @description Metric path of the series whose topic stands in the same place */
                metric?: string[];
                /** @description RFC 3339, milliseconds since 1970, now, or relative such as -1h */
                from?: string;
                /** @description The same; not part of the answer itself */
                to?: string;
                /** @description Width such as 10s; 0 or none asks for raw samples */
                bucket?: string;
                /** @description Which columns buckets have: any of avg, min, max, first, last, count */
                fn?: string;
                /** @description Samples or buckets of each series at most */
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RangeAnswer"];
                };
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "get-session": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Session"];
                };
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "sign-in": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["SignIn"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    "Set-Cookie"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Session"];
                };
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "sign-out": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description No Content */
            204: {
                headers: {
                    "Set-Cookie"?: string;
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "get-status": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Status"];
                };
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "get-history": {
        parameters: {
            query?: {
                /** @description How far back, such as 15m or 1h */
                window?: string;
                /** @description Values a figure at most */
                points?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["History"];
                };
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "list-streams": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PageStreamStatus"];
                };
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "list-topics": {
        parameters: {
            query?: {
                /** @description Page, from 1 */
                page?: number;
                /** @description Items a page at most */
                limit?: number;
                /** @description The level to look below; empty for the root */
                parent?: string;
                /** @description List the topics that contain this, letter case ignored, instead of one level */
                search?: string;
                /** @description List the topics at and below parent instead of one level */
                flat?: boolean;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PageTopicNode"];
                };
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "get-last-message": {
        parameters: {
            query: {
                topic: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TopicMessage"];
                };
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "list-users": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PageUser"];
                };
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "create-user": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewUser"];
            };
        };
        responses: {
            /** @description Created */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["User"];
                };
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "delete-user": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description No Content */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "change-password": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewPassword"];
            };
        };
        responses: {
            /** @description No Content */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
}
