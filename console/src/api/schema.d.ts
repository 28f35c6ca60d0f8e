// Generated from openapi.json by `npm run schema`; do not edit.

export interface paths {
    "/api/v1/access": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The MQTT users and access rules in force */
        get: operations["get-access"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/access/reload": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Read the users and rules files now
         * @description They are read by themselves within two seconds of a change. A bad file leaves what is in force and is answered with what is wrong.
         */
        post: operations["reload-access"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/access/test": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** What the access rules say to a publish or subscribe, and which rule decides */
        post: operations["test-access"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/access/users/{name}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /**
         * Set an MQTT user's password
         * @description Adds the user when there is none. Clients that came in by the old password are disconnected.
         */
        put: operations["set-mqtt-user"];
        post?: never;
        /** Remove an MQTT user and disconnect its clients */
        delete: operations["delete-mqtt-user"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
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
    "/api/v1/backup": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** How back-ups are going */
        get: operations["get-backup"];
        put?: never;
        /**
         * Begin a back-up
         * @description Ask GET /backup how it goes.
         */
        post: operations["start-backup"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/backups": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Back-ups in the configured folder, newest first */
        get: operations["list-backups"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/backups/verify": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Begin to read back-ups back
         * @description Every file of them is compared with what was written. Ask GET /backup how it goes.
         */
        post: operations["verify-backups"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/bans": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Who is kept out
         * @description Newest first.
         */
        get: operations["list-bans"];
        put?: never;
        /**
         * Keep clients out
         * @description Connected clients that match are disconnected. A ban of the same kind and value is replaced.
         */
        post: operations["ban"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/bans/{kind}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** End a ban */
        delete: operations["unban"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/clients": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The clients, connected or with a session that waits for them */
        get: operations["list-clients"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/clients/kick": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Close the connections of many clients */
        post: operations["kick-clients"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/clients/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One client with its subscriptions, queue and limits */
        get: operations["get-client"];
        put?: never;
        post?: never;
        /**
         * Close a client's connection
         * @description Most clients connect again. With session its session ends as well: subscriptions and what waits for it are gone.
         */
        delete: operations["kick-client"];
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
    "/api/v1/delayed": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The messages that wait for their time
         * @description The first that is due first.
         */
        get: operations["list-delayed"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/delayed/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Remove a message before its time */
        delete: operations["delete-delayed"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/listeners": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The listeners for MQTT clients */
        get: operations["list-listeners"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/listeners/reload": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Read certificates, CAs and revocation lists again
         * @description Connected clients stay. A listener whose files cannot be used goes on with what it had, and the answer says why.
         */
        post: operations["reload-listeners"];
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
    "/api/v1/redirect": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Whether clients are sent to another server */
        get: operations["get-redirect"];
        put?: never;
        /**
         * Send all clients to another server
         * @description Those that are connected, and those that come from now on. MQTT 5 clients are told where to; before MQTT 5, a client is told that the server is not available, or just closed. Sessions that outlive their connections stay. It ends with DELETE, or when the node is started anew.
         */
        post: operations["set-redirect"];
        /** Let clients in again */
        delete: operations["end-redirect"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/refused": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Who was refused, and why
         * @description Of the last day, as far as there is room: the node keeps a bounded number and forgets the oldest.
         */
        get: operations["list-refused"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/replays": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Replays that run or have ended, newest first */
        get: operations["list-replays"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/replays/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** How a replay is going */
        get: operations["get-replay"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        /** Pause, resume or stop a replay */
        patch: operations["set-replay"];
        trace?: never;
    };
    "/api/v1/retained": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The retained messages */
        get: operations["list-retained"];
        put?: never;
        post?: never;
        /**
         * Remove retained messages
         * @description Give a topic, or a filter, a publisher or both. Subscribers are not told.
         */
        delete: operations["delete-retained"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/retained/message": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One topic's retained message */
        get: operations["get-retained"];
        put?: never;
        post?: never;
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
    "/api/v1/slow-subscribers": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The slow subscribers, the slowest first
         * @description Clients that acknowledge messages later than observe.slow_threshold or not at all, and clients whose messages are dropped because they do not read. They are looked for every few seconds.
         */
        get: operations["list-slow-subscribers"];
        put?: never;
        post?: never;
        /** Begin the ranking afresh */
        delete: operations["clear-slow-subscribers"];
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
        /**
         * Make a stream
         * @description It takes the messages of its filters from now on, before the streams that stand behind it; those no longer get them.
         */
        post: operations["create-stream"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/streams/{name}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One stream, and who reads it */
        get: operations["get-stream"];
        put?: never;
        post?: never;
        /** Delete a stream that was made by this API, with what it holds */
        delete: operations["delete-stream"];
        options?: never;
        head?: never;
        /**
         * Change a stream that was made by this API
         * @description What is absent stays as it is.
         */
        patch: operations["change-stream"];
        trace?: never;
    };
    "/api/v1/streams/{name}/events": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Messages of a stream as they are kept (server-sent events)
         * @description Events: message, with a StreamMessage as data; position, with a StreamPlace, every 15 seconds. Each has its position as id, so that a browser's EventSource goes on where it was cut off. Nothing is left out: a slow reader reads later. Without after and from it begins with what comes next.
         */
        get: operations["follow-stream"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/streams/{name}/groups": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The consumer groups of a stream */
        get: operations["list-groups"];
        put?: never;
        /**
         * Make a consumer group
         * @description Without after and from it begins with the oldest message that is stored.
         */
        post: operations["create-group"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/streams/{name}/groups/{group}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** A consumer group, and how far it is */
        get: operations["get-group"];
        put?: never;
        post?: never;
        /** End a consumer group */
        delete: operations["delete-group"];
        options?: never;
        head?: never;
        /**
         * Change a consumer group
         * @description What is absent stays as it is. With after or from the group begins anew there, and what is in flight is forgotten.
         */
        patch: operations["change-group"];
        trace?: never;
    };
    "/api/v1/streams/{name}/groups/{group}/ack": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Acknowledge messages of the group
         * @description What is answered is kept: the messages are not handed out again, also when the node is killed then.
         */
        post: operations["ack"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/streams/{name}/groups/{group}/pull": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Messages for one consumer of the group
         * @description First those that come again because nobody acknowledged them in time, then new ones. Acknowledge each before ackUntil.
         */
        post: operations["pull"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/streams/{name}/messages": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Messages of a stream behind a position or from a time on
         * @description Without after and from it begins with the oldest message. Reading removes nothing. A page that looked for five seconds comes with what was found, which may be nothing, and more.
         */
        get: operations["read-stream"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/streams/{name}/purge": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Remove messages of a stream
         * @description What sessions have still to get stays, unless force is set. Consumer groups do not hold it: what they lose is counted on them.
         */
        post: operations["purge-stream"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/streams/{name}/replay": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Publish stored messages once more
         * @description To MQTT clients, with the user properties millrace-replay (stream/position) and millrace-time. No stream takes them unless capture is set. Without after and from it begins with the oldest message. With dryRun it counts.
         */
        post: operations["begin-replay"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/subscriptions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Who is subscribed to what */
        get: operations["list-subscriptions"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/subscriptions/shared": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Shared subscriptions, and how much waits for each */
        get: operations["list-shared"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/topic-metrics": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What is counted of single topics */
        get: operations["list-topic-metrics"];
        put?: never;
        /**
         * Count the messages of a topic filter
         * @description Until it is deleted, or the node stops.
         */
        post: operations["add-topic-metric"];
        /** Count it no more */
        delete: operations["delete-topic-metric"];
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
    "/api/v1/traces": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The traces of clients, topics and addresses */
        get: operations["list-traces"];
        put?: never;
        /**
         * Write the packets of a client, topic or address to a file
         * @description It ends by itself, at a size or a time. Passwords are never written.
         */
        post: operations["start-trace"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/traces/{name}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** End a trace and remove its file */
        delete: operations["delete-trace"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/traces/{name}/file": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * What a trace has written so far
         * @description Text, or pcapng for Wireshark.
         */
        get: operations["get-trace-file"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/traces/{name}/stop": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** End a trace and keep its file */
        post: operations["stop-trace"];
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
    "/api/v1/why": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Why a client did or did not get a message
         * @description Tells what became of the messages of a topic, or of one message, for a client: who published it, whether it was allowed, where it is stored, which subscriptions matched, and whether it was delivered, acknowledged, queued, or dropped and why. It looks into the flight recorder and the log.
         */
        get: operations["why"];
        put?: never;
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
        AccessAnswer: {
            allowed: boolean;
            decided?: components["schemas"]["AccessRule"];
            /**
             * Format: int64
             * @description Which rule decided, from 1; absent when none did
             */
            rule?: number;
            why: string;
        };
        AccessOverview: {
            /** @description Whether there is a rules file; without one everything is allowed */
            configured: boolean;
            /**
             * @description What counts when no rule decides
             * @enum {string}
             */
            default: "allow" | "deny";
            rules: components["schemas"]["AccessRule"][];
            rulesFile: string;
            /** @description Why the newest rules file is not in force */
            rulesProblem?: string;
            users: components["schemas"]["AccessUser"][];
            usersFile: string;
            /** @description Why the newest users file is not in force */
            usersProblem?: string;
            /** @description Rules that cannot do what they say, in sentences */
            warnings: string[];
        };
        AccessPassword: {
            /** Format: password */
            password: string;
        };
        AccessQuestion: {
            /** @enum {string} */
            action: "publish" | "subscribe";
            /** @description IP address */
            address?: string;
            /** @description Client identifier */
            client?: string;
            /** @description Groups of a user that the users file does not know */
            groups?: string[];
            listener?: string;
            /** Format: int64 */
            qos?: number;
            retain?: boolean;
            /** @description Topic, or topic filter */
            topic: string;
            /** @description User name; empty for an anonymous client */
            user?: string;
        };
        AccessRule: {
            addresses?: string[];
            /** @enum {string} */
            allow?: "publish" | "subscribe" | "all";
            anonymous?: boolean;
            clients?: string[];
            /** @enum {string} */
            deny?: "publish" | "subscribe" | "all";
            groups?: string[];
            /** Format: int64 */
            line: number;
            listeners?: string[];
            qos?: number[];
            retain?: boolean;
            topics?: string[];
            users?: string[];
        };
        AccessUser: {
            disabled: boolean;
            groups: string[];
            /** @description SCRAM methods */
            methods: string[];
            name: string;
            /** @description Whether there is a password */
            password: boolean;
            superuser: boolean;
        };
        Alarm: {
            detail: string;
            detail_said?: components["schemas"]["Said"];
            id: string;
            /**
             * Format: int64
             * @description 1 act now, 2 within minutes, 3 this shift, 4 diagnostic
             */
            priority: number;
            /** Format: date-time */
            since: string;
            title: string;
            title_said?: components["schemas"]["Said"];
        };
        Backup: {
            /**
             * Format: int64
             * @description What it holds, shared with others or not
             */
            bytes: number;
            /**
             * Format: int64
             * @description Entries of streams and buckets that were new
             */
            entries: number;
            /** @description Files that the configuration names and the back-up does not hold: keys and certificates */
            leftOut?: string[];
            /** @description Its time, for millrace restore --at */
            name: string;
            /**
             * Format: double
             * @description How long it took
             */
            seconds: number;
            /**
             * Format: int64
             * @description Bytes that were new
             */
            written: number;
        };
        BackupState: {
            /**
             * Format: int64
             * @description Bytes that the one that runs has copied, or the verification has read
             */
            bytes: number;
            /** @description What it is at */
            doing?: string;
            /**
             * Format: date-time
             * @description When the last one ended
             */
            ended?: string;
            /** @description Why the last one failed */
            error?: string;
            /** @description Where back-ups by schedule go */
            folder?: string;
            /** @description Folder of the last one, or of the one that runs */
            into?: string;
            /** @description The last one that ended well since the start */
            last?: components["schemas"]["Backup"];
            /**
             * Format: date-time
             * @description When one is due
             */
            next?: string;
            /**
             * Format: int64
             * @description How many there are, where that is known: of a verification
             */
            of?: number;
            running: boolean;
            /**
             * Format: date-time
             * @description When the schedule last began one, since the start
             */
            scheduled?: string;
            /**
             * Format: date-time
             * @description Time of the newest back-up in the folder
             */
            succeeded?: string;
            /** @description The last one that ended since the start */
            verification?: components["schemas"]["Verification"];
            /** @description Back-ups are being read back */
            verifying: boolean;
        };
        Ban: {
            /** @description True where a network of every address (/0) is meant: nobody gets in until the ban is deleted */
            all?: boolean;
            /** @description Who banned; empty is the node itself */
            by?: string;
            /**
             * @description What the ban goes by; a login is a user name from one address
             * @enum {string}
             */
            kind: "client_id" | "client_prefix" | "user" | "address" | "network" | "login";
            /** @description For people */
            reason?: string;
            /** Format: date-time */
            since: string;
            /**
             * Format: date-time
             * @description When it ends; without it, it does not
             */
            until?: string;
            /** @description A login is written USER@ADDRESS, a network as 192.0.2.0/24 */
            value: string;
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
            /**
             * @description How sockets are read and written (mqtt.transport): by the event loops, or by a goroutine for each connection
             * @enum {string}
             */
            transport: "epoll" | "portable";
        };
        Certificate: {
            /** @description Why the last change of the files is not in force */
            failed?: string;
            /** @description Host names and addresses it stands for */
            names: string[];
            /**
             * Format: date-time
             * @description When the first of the listener's certificates ends
             */
            notAfter: string;
            /**
             * Format: date-time
             * @description When the files in force were read
             */
            read: string;
            /**
             * @description Who the first certificate is of
             * @example CN=broker,O=Plant
             */
            subject: string;
        };
        ChangedGroup: {
            /**
             * Format: double
             * @description Seconds until a message that was pulled and not acknowledged may be pulled again; default 30
             */
            ackWait?: number;
            /** @description Behind this position */
            after?: string;
            /** @description Only topics that this topic filter matches; empty, the default, is all */
            filter?: string;
            /** @description From the first message of this time on: RFC 3339, milliseconds since 1970, now, or relative such as -1h */
            from?: string;
            /** @description Retention of the stream waits for the group, within consumers.hold_age and consumers.hold_bytes; off by default */
            hold?: boolean;
            /**
             * Format: int64
             * @description How often a message is handed out before the group gives it up and counts it; 0, the default, is without end
             */
            maxDeliveries?: number;
            /**
             * Format: int64
             * @description Messages that may be handed out and not acknowledged; with so many nothing new is handed out; default 1000
             */
            maxInFlight?: number;
        };
        Client: {
            /** @description Where it connects from; of a disconnected client the last one known */
            address: string;
            /** Format: int64 */
            bytesIn: number;
            /** Format: int64 */
            bytesOut: number;
            /** @description True when it asked to begin without an earlier session */
            cleanStart: boolean;
            connected: boolean;
            /** Format: date-time */
            connectedAt?: string;
            /** Format: date-time */
            disconnectedAt?: string;
            /**
             * Format: int64
             * @description Messages it did not get
             */
            dropped: number;
            /**
             * Format: date-time
             * @description When the session of a disconnected client ends
             */
            expiresAt?: string;
            id: string;
            /**
             * Format: double
             * @description Messages per second it publishes, since the list was last asked for, or since it connected
             */
            inRate: number;
            /**
             * Format: int64
             * @description Messages sent to it and not acknowledged
             */
            inflight: number;
            /**
             * Format: int64
             * @description Seconds; 0 is none
             */
            keepAlive: number;
            /** @description What it was last refused, or last missed */
            lastError?: components["schemas"]["LastError"];
            /** @description True while it is read no further because of a limit */
            limited: boolean;
            /** @description Name of the listener it came in by */
            listener: string;
            /**
             * Format: int64
             * @description Messages it published on this connection
             */
            messagesIn: number;
            /**
             * Format: int64
             * @description Messages it was sent on this connection
             */
            messagesOut: number;
            /**
             * Format: double
             * @description The same of messages it is sent
             */
            outRate: number;
            /**
             * Format: int64
             * @description Bytes that wait in the node until its socket takes them: it reads more slowly than it is sent
             */
            outputBytes: number;
            /** @enum {string} */
            protocol: "3.1" | "3.1.1" | "5.0";
            /**
             * Format: int64
             * @description Messages that wait for it
             */
            queued: number;
            /**
             * Format: int64
             * @description Bytes in its queue, with messages under way that are kept to be sent again
             */
            queuedBytes: number;
            /**
             * Format: int64
             * @description Seconds that its session outlives the connection; 4294967295 is for ever
             */
            sessionExpiry: number;
            /** Format: int64 */
            subscriptions: number;
            /** @enum {string} */
            transport: "tcp" | "tls" | "ws" | "wss" | "unix";
            /** @description The user name that let it in */
            user?: string;
        };
        ClientDetail: {
            /** @description Where it connects from; of a disconnected client the last one known */
            address: string;
            /** Format: int64 */
            bytesIn: number;
            /** Format: int64 */
            bytesOut: number;
            /** @description True when it asked to begin without an earlier session */
            cleanStart: boolean;
            connected: boolean;
            /** Format: date-time */
            connectedAt?: string;
            /** Format: date-time */
            disconnectedAt?: string;
            /**
             * Format: int64
             * @description Messages it did not get
             */
            dropped: number;
            /** @description Of dropped, by reason, most first */
            droppedBy: components["schemas"]["DropCount"][];
            /**
             * Format: date-time
             * @description When the session of a disconnected client ends
             */
            expiresAt?: string;
            /** @description Messages under way to and from it; the first 100 */
            flights: components["schemas"]["Flight"][];
            id: string;
            /**
             * Format: double
             * @description Messages per second it publishes, since the list was last asked for, or since it connected
             */
            inRate: number;
            /**
             * Format: int64
             * @description Messages sent to it and not acknowledged
             */
            inflight: number;
            /**
             * Format: int64
             * @description Seconds; 0 is none
             */
            keepAlive: number;
            /** @description What it was last refused, or last missed */
            lastError?: components["schemas"]["LastError"];
            /** @description True while it is read no further because of a limit */
            limited: boolean;
            limits: components["schemas"]["ClientLimits"];
            /** @description Name of the listener it came in by */
            listener: string;
            /**
             * Format: int64
             * @description Messages it published on this connection
             */
            messagesIn: number;
            /**
             * Format: int64
             * @description Messages it was sent on this connection
             */
            messagesOut: number;
            /**
             * Format: double
             * @description The same of messages it is sent
             */
            outRate: number;
            /**
             * Format: int64
             * @description Bytes that wait in the node until its socket takes them: it reads more slowly than it is sent
             */
            outputBytes: number;
            /** @enum {string} */
            protocol: "3.1" | "3.1.1" | "5.0";
            /** @description Messages that wait for it, oldest first; the first 100 */
            queue: components["schemas"]["QueuedMessage"][];
            /**
             * Format: int64
             * @description Messages that wait for it
             */
            queued: number;
            /**
             * Format: int64
             * @description Bytes in its queue, with messages under way that are kept to be sent again
             */
            queuedBytes: number;
            /**
             * Format: int64
             * @description Seconds that its session outlives the connection; 4294967295 is for ever
             */
            sessionExpiry: number;
            /** @description Its subscriptions, by filter; the first 1,000 */
            subscribed: components["schemas"]["ClientSubscription"][];
            /** Format: int64 */
            subscriptions: number;
            tls?: components["schemas"]["ClientTLS"];
            /** @enum {string} */
            transport: "tcp" | "tls" | "ws" | "wss" | "unix";
            /** @description The user name that let it in */
            user?: string;
            will?: components["schemas"]["ClientWill"];
        };
        ClientLimits: {
            /**
             * Format: int64
             * @description Topic aliases it has set
             */
            aliasesIn: number;
            /**
             * Format: int64
             * @description Topic aliases it was given
             */
            aliasesOut: number;
            /**
             * Format: int64
             * @description Largest packet it takes; 0 is any
             */
            clientMaxPacketSize: number;
            /**
             * Format: int64
             * @description Messages of QoS 1 and 2 it may be sent before it acknowledges one: of its last connection while it is away, 0 when it was away since the node started
             */
            clientReceiveMaximum: number;
            /** @description Of a session that lasts: what may wait for it in the log, which queue and queueBytes do not bound */
            log?: components["schemas"]["LogLimits"];
            /**
             * Format: int64
             * @description Largest packet it may send, in bytes
             */
            maxPacketSize: number;
            /**
             * Format: int64
             * @description Messages that may wait for it
             */
            queue: number;
            /** Format: int64 */
            queueBytes: number;
            /**
             * Format: int64
             * @description Messages of QoS 1 and 2 it may have under way to the node
             */
            receiveMaximum: number;
            /** Format: int64 */
            subscriptions: number;
            /**
             * Format: int64
             * @description Topic aliases it may set
             */
            topicAliases: number;
        };
        ClientSubscription: {
            client: string;
            /** @description Whether the client is */
            connected: boolean;
            /** @description As subscribed, with $share/NAME/ before a shared one */
            filter: string;
            /**
             * Format: int64
             * @description Subscription identifier
             */
            id?: number;
            /**
             * Format: int64
             * @description Of a shared one: messages that the client was sent by it and has not acknowledged
             */
            inFlight?: number;
            noLocal: boolean;
            /** Format: int64 */
            qos: number;
            /**
             * Format: int64
             * @description Of a shared one: messages by it that wait in the client's queue
             */
            queued?: number;
            retainAsPublished: boolean;
            /** Format: int64 */
            retainHandling: number;
            /** @description Name of the group that shares it */
            share?: string;
        };
        ClientTLS: {
            cipher: string;
            issuer?: string;
            /** Format: date-time */
            notAfter?: string;
            /** @description The name it asked for */
            serverName?: string;
            /** @description Of its certificate */
            subject?: string;
            version: string;
        };
        ClientWill: {
            /**
             * Format: int64
             * @description Seconds
             */
            delay: number;
            /** Format: int64 */
            qos: number;
            retain: boolean;
            /**
             * Format: int64
             * @description Bytes of the payload
             */
            size: number;
            topic: string;
        };
        ConsumerGroup: {
            /**
             * Format: double
             * @description Seconds
             */
            ackWait: number;
            /**
             * Format: int64
             * @description Messages acknowledged
             */
            acked: number;
            /**
             * Format: int64
             * @description Entries of the log that are not done; one holds the messages of a moment
             */
            behind: number;
            /** @description Who made it */
            by?: string;
            /** Format: date-time */
            created: string;
            /** @description Up to here everything was handed out, or passed over by the filter */
            cursor: string;
            /** @description Empty is all */
            filter: string;
            /**
             * Format: int64
             * @description Messages given up after maxDeliveries
             */
            givenUp: number;
            /** @description Retention of the stream waits for the group, within bounds */
            hold: boolean;
            /**
             * Format: int64
             * @description Messages handed out and not acknowledged
             */
            inFlight: number;
            /**
             * Format: double
             * @description Seconds: how far back the newest message lies that is done; 0 for a group that has all
             */
            lag: number;
            /**
             * Format: int64
             * @description Messages handed out that were removed from the stream before they were acknowledged
             */
            lost: number;
            /**
             * Format: int64
             * @description Entries of the log that were removed before the group had looked at them
             */
            lostEntries: number;
            /**
             * Format: int64
             * @description 0 is without end
             */
            maxDeliveries: number;
            /** Format: int64 */
            maxInFlight: number;
            name: string;
            /** @description Up to here everything is done */
            position: string;
            /**
             * Format: int64
             * @description Deliveries beyond the first
             */
            redelivered: number;
            stream: string;
        };
        CountTopic: {
            filter: string;
        };
        CreateAPIKey: {
            /** @description What the key is for */
            name: string;
            /** @enum {string} */
            role: "administrator" | "operator" | "viewer";
        };
        Delayed: {
            /**
             * Format: date-time
             * @description When it came
             */
            at: string;
            /**
             * Format: date-time
             * @description When it will be published
             */
            dueAt: string;
            id: string;
            publisher?: string;
            /** Format: int64 */
            qos: number;
            retain: boolean;
            /**
             * Format: int64
             * @description Bytes of the payload
             */
            size: number;
            /** @description Where it will be published */
            topic: string;
        };
        Deleted: {
            /** Format: int64 */
            deleted: number;
            /** @description True when they were only counted */
            dryRun: boolean;
        };
        DropCount: {
            /**
             * @description What to quote to support
             * @example MR-4216
             */
            code: string;
            /** Format: int64 */
            count: number;
            /**
             * @description The word that metrics and logs use
             * @example queue_full
             */
            reason: string;
        };
        Flight: {
            /** @description The packet that is due next, such as PUBACK */
            awaits: string;
            /**
             * @description in is from the client
             * @enum {string}
             */
            direction: "in" | "out";
            /** Format: int64 */
            packetId: number;
            /** Format: int64 */
            qos: number;
            /** Format: date-time */
            since?: string;
            /** @description Where it is known */
            topic?: string;
        };
        GroupAck: {
            /** @description Positions of messages */
            positions?: string[];
            /** @description All that was handed out up to this position */
            upTo?: string;
        };
        GroupAcked: {
            /**
             * Format: int64
             * @description Messages that were in flight and are done now; those that are done already, or were never handed out, do not count
             */
            acked: number;
        };
        GroupMessage: {
            /**
             * Format: date-time
             * @description Until when it is nobody else's
             */
            ackUntil: string;
            /**
             * Format: int64
             * @description How often it was handed out, with this time
             */
            deliveries: number;
            /** @enum {string} */
            encoding: "text" | "base64";
            /**
             * Format: int32
             * @description Message expiry interval, seconds from time
             */
            expiry?: number;
            /** @description The whole payload */
            payload: string;
            /** @description Where it stands: entry:index */
            position: string;
            properties?: components["schemas"]["MessageProperties"];
            publisher?: string;
            /** Format: int64 */
            qos: number;
            retain: boolean;
            /**
             * Format: date-time
             * @description When it arrived at the node
             */
            time: string;
            topic: string;
        };
        GroupMessages: {
            messages: components["schemas"]["GroupMessage"][];
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
        KickClients: {
            ids: string[];
            /** @description Discard their sessions as well */
            session?: boolean;
        };
        Kicked: {
            /** Format: int64 */
            kicked: number;
            /** @description Those that were not there */
            missing: string[];
        };
        LastError: {
            /** Format: date-time */
            at: string;
            /**
             * @description What to quote to support
             * @example MR-4216
             */
            code: string;
            /**
             * @description The word that metrics and logs use
             * @example queue_full
             */
            reason: string;
            /** @description For people */
            text: string;
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
        Listener: {
            /**
             * Format: int64
             * @description Connections since the start
             */
            accepted: number;
            address: string;
            /** @description True when clients need not say who they are, wherever they are */
            anonymous: boolean;
            /** @description True when clients of this machine need not; behind a proxy nobody counts as one */
            anonymousLocal: boolean;
            /** @description What it shows its clients */
            certificate?: components["schemas"]["Certificate"];
            /** @enum {string} */
            kind: "tcp" | "tls" | "ws" | "wss" | "unix";
            /** @description False while it is stopped */
            listening: boolean;
            name: string;
            /**
             * Format: int64
             * @description Connections at this moment
             */
            open: number;
            /** @description Connections turned away before their client was let in, since the start, by reason */
            refused: {
                [key: string]: number;
            };
            /** @description The zone whose settings its clients live under */
            zone?: string;
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
        LogLimits: {
            /**
             * Format: double
             * @description Seconds
             */
            age: number;
            /** Format: int64 */
            bytes: number;
            /** Format: int64 */
            messages: number;
        };
        MQTTUserSet: {
            /** @description False when the user was there and has a new password */
            added: boolean;
            name: string;
        };
        MessageProperties: {
            contentType?: string;
            /** @description Base64 */
            correlationData?: string;
            responseTopic?: string;
            user?: components["schemas"]["UserProperty"][];
            /** @description The publisher says that the payload is UTF-8 text */
            utf8?: boolean;
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
        NewBackup: {
            /** @description Tell what would be copied, and copy nothing */
            dryRun?: boolean;
            /** @description A folder on the node's machine; another than the configured one only through the node's own socket (millrace ctl there) */
            folder?: string;
        };
        NewBan: {
            /** @description True where a network of every address (/0) is meant: nobody gets in until the ban is deleted */
            all?: boolean;
            /**
             * @description What the ban goes by; a login is a user name from one address
             * @enum {string}
             */
            kind: "client_id" | "client_prefix" | "user" | "address" | "network" | "login";
            /** @description For people */
            reason?: string;
            /**
             * Format: date-time
             * @description When it ends; without it, it does not
             */
            until?: string;
            /** @description A login is written USER@ADDRESS, a network as 192.0.2.0/24 */
            value: string;
        };
        NewGroup: {
            /**
             * Format: double
             * @description Seconds until a message that was pulled and not acknowledged may be pulled again; default 30
             */
            ackWait?: number;
            /** @description Behind this position */
            after?: string;
            /** @description Only topics that this topic filter matches; empty, the default, is all */
            filter?: string;
            /** @description From the first message of this time on: RFC 3339, milliseconds since 1970, now, or relative such as -1h */
            from?: string;
            /** @description Retention of the stream waits for the group, within consumers.hold_age and consumers.hold_bytes; off by default */
            hold?: boolean;
            /**
             * Format: int64
             * @description How often a message is handed out before the group gives it up and counts it; 0, the default, is without end
             */
            maxDeliveries?: number;
            /**
             * Format: int64
             * @description Messages that may be handed out and not acknowledged; with so many nothing new is handed out; default 1000
             */
            maxInFlight?: number;
            name: string;
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
        NewRedirect: {
            /** @description For good (server moved, 0x9D) instead of for now (use another server, 0x9C) */
            moved?: boolean;
            /** @description Name or address of the other server, such as plant-2:1883, or several with spaces between; without it the one of mqtt.redirect.reference */
            reference?: string;
        };
        NewStream: {
            /** @description The stream that takes messages after this one; empty, the default, is the first one that takes every topic */
            before?: string;
            /** @description Topic filters of what it takes; none may begin with $ */
            filters?: string[];
            /**
             * Format: double
             * @description Seconds that a message is kept; 0 is for ever; default 30 days
             */
            maxAge?: number;
            /**
             * Format: int64
             * @description Bytes that are kept, the oldest go first; 0 is no bound, else 16 MiB at least; default 10 GiB
             */
            maxBytes?: number;
            name: string;
        };
        NewTrace: {
            /**
             * @default text
             * @enum {string}
             */
            format: "text" | "pcapng";
            /** @enum {string} */
            kind: "client" | "topic" | "address";
            /**
             * Format: int64
             * @description Size at which it ends; 16 MiB when it is left out
             */
            maxBytes?: number;
            name: string;
            /** @description Write payloads to the text, too; pcapng has them always. Passwords are never written */
            payload?: boolean;
            /**
             * Format: date-time
             * @description Time at which it ends; in 10 minutes when it is left out, a day at most
             */
            until?: string;
            /** @description A client identifier, a topic filter, or an IP address or network such as 10.1.0.0/16 */
            value: string;
        };
        NewUser: {
            name: string;
            /** Format: password */
            password: string;
            /** @enum {string} */
            role: "administrator" | "operator" | "viewer";
        };
        NewVerification: {
            /** @description One back-up; empty: all in the folder */
            name?: string;
        };
        PageAPIKey: {
            items: components["schemas"]["APIKey"][];
            meta: components["schemas"]["Meta"];
        };
        PageAlarm: {
            items: components["schemas"]["Alarm"][];
            meta: components["schemas"]["Meta"];
        };
        PageBan: {
            items: components["schemas"]["Ban"][];
            meta: components["schemas"]["Meta"];
        };
        PageClient: {
            items: components["schemas"]["Client"][];
            meta: components["schemas"]["Meta"];
        };
        PageClientSubscription: {
            items: components["schemas"]["ClientSubscription"][];
            meta: components["schemas"]["Meta"];
        };
        PageConsumerGroup: {
            items: components["schemas"]["ConsumerGroup"][];
            meta: components["schemas"]["Meta"];
        };
        PageDelayed: {
            items: components["schemas"]["Delayed"][];
            meta: components["schemas"]["Meta"];
        };
        PageLatest: {
            items: components["schemas"]["Latest"][];
            meta: components["schemas"]["Meta"];
        };
        PageListener: {
            items: components["schemas"]["Listener"][];
            meta: components["schemas"]["Meta"];
        };
        PageRefusal: {
            items: components["schemas"]["Refusal"][];
            meta: components["schemas"]["Meta"];
        };
        PageReplay: {
            items: components["schemas"]["Replay"][];
            meta: components["schemas"]["Meta"];
        };
        PageRetained: {
            items: components["schemas"]["Retained"][];
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
        PageSharedSubscription: {
            items: components["schemas"]["SharedSubscription"][];
            meta: components["schemas"]["Meta"];
        };
        PageSlowSubscriber: {
            items: components["schemas"]["SlowSubscriber"][];
            meta: components["schemas"]["Meta"];
        };
        PageStoredBackup: {
            items: components["schemas"]["StoredBackup"][];
            meta: components["schemas"]["Meta"];
        };
        PageStreamStatus: {
            items: components["schemas"]["StreamStatus"][];
            meta: components["schemas"]["Meta"];
        };
        PageTopicMetric: {
            items: components["schemas"]["TopicMetric"][];
            meta: components["schemas"]["Meta"];
        };
        PageTopicNode: {
            items: components["schemas"]["TopicNode"][];
            meta: components["schemas"]["Meta"];
        };
        PageTrace: {
            items: components["schemas"]["Trace"][];
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
        Purged: {
            /**
             * Format: int64
             * @description Bytes on disk, about
             */
            bytes: number;
            dryRun: boolean;
            /**
             * Format: int64
             * @description Entries of the log; one holds the messages of a moment, and goes as a whole
             */
            entries: number;
            /** @description True when less goes than was asked for, since sessions have still to get the rest */
            held: boolean;
            /**
             * Format: int64
             * @description Entries that were stored
             */
            of: number;
            /** @description Newest position that is removed; 0:0 when nothing is */
            upTo: string;
        };
        QoSCounts: {
            /** Format: int64 */
            qos0: number;
            /** Format: int64 */
            qos1: number;
            /** Format: int64 */
            qos2: number;
        };
        QueuedMessage: {
            /** Format: int64 */
            qos: number;
            /** Format: date-time */
            since?: string;
            /**
             * Format: int64
             * @description Bytes of the packet
             */
            size: number;
            topic: string;
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
        Redirect: {
            /** @description False while clients may come in */
            active: boolean;
            moved: boolean;
            /** @description What MQTT 5 clients are told; empty is no name */
            reference?: string;
            /** Format: date-time */
            since?: string;
        };
        Refusal: {
            /** @description Without the port */
            address: string;
            /** @description True when it had been let in, and was then closed or not allowed something */
            admitted: boolean;
            /**
             * Format: date-time
             * @description The first time
             */
            at: string;
            /** @description The client identifier it came with, if it came that far */
            client?: string;
            /**
             * @description What to quote to support
             * @example MR-4202
             */
            code: string;
            /** Format: int64 */
            count: number;
            /**
             * @description What sort of reason it is
             * @enum {string}
             */
            kind: "password" | "unknown" | "acl" | "protocol" | "tls" | "limit" | "ban" | "other";
            /**
             * Format: date-time
             * @description The last time
             */
            lastAt: string;
            listener?: string;
            /** @description The word that metrics and logs use */
            reason: string;
            /** @description For people, of the last time */
            text: string;
            user?: string;
        };
        Reloaded: {
            listeners: string[];
        };
        Replay: {
            /** @description It began behind this position */
            after: string;
            /**
             * Format: date-time
             * @description When the newest that went out had arrived first
             */
            arrived?: string;
            /** Format: date-time */
            begun: string;
            by?: string;
            /**
             * Format: int64
             * @description Of the payloads that went out
             */
            bytes: number;
            capture?: boolean;
            /**
             * Format: double
             * @description Part of the range that is done, 0 to 1, by entries of the log
             */
            done: number;
            /** Format: date-time */
            ended?: string;
            error?: string;
            filter?: string;
            id: string;
            /** @description Newest position that is done; give it as after to go on */
            position: string;
            prefix?: string;
            /**
             * Format: int64
             * @description Messages that went out
             */
            published: number;
            /** Format: double */
            rate?: number;
            /**
             * Format: int64
             * @description Messages that the broker refused, a topic that is too long with its prefix for example
             */
            refused: number;
            /** @description It goes on by itself when the node is started again */
            resume?: boolean;
            /** Format: double */
            speed?: number;
            /**
             * @description interrupted has ended with the node; set to running it goes on from its position
             * @enum {string}
             */
            state: "running" | "paused" | "done" | "stopped" | "failed" | "interrupted";
            stream: string;
            /** @description It ends with this position */
            upTo: string;
        };
        ReplayAnswer: {
            replay?: components["schemas"]["Replay"];
            /** @description With dryRun */
            would?: components["schemas"]["ReplayExtent"];
        };
        ReplayExtent: {
            /** @description True when counting took too long: there are more */
            atLeast: boolean;
            /**
             * Format: int64
             * @description Of the payloads
             */
            bytes: number;
            /**
             * Format: date-time
             * @description When the first of them arrived
             */
            first?: string;
            /**
             * Format: date-time
             * @description When the last of them arrived
             */
            last?: string;
            /** Format: int64 */
            messages: number;
            /**
             * Format: double
             * @description How long it would take; 0 when it goes as fast as it can
             */
            seconds: number;
        };
        ReplayOrder: {
            /** @description Behind this position */
            after?: string;
            /** @description Let streams take the messages again */
            capture?: boolean;
            /** @description Count, and publish nothing */
            dryRun?: boolean;
            /** @description Only topics that this topic filter matches */
            filter?: string;
            /** @description From the first message of this time on: RFC 3339, milliseconds since 1970, now, or relative such as -1h */
            from?: string;
            /** @description Goes before each topic, such as replay/; empty: the topics are as they were */
            prefix?: string;
            /**
             * Format: double
             * @description Messages a second, whenever they came; not together with speed
             */
            rate?: number;
            /** @description Go on by itself when the node is started again */
            resume?: boolean;
            /**
             * Format: double
             * @description How many times as fast as they came; 0, the default, is as fast as it goes
             */
            speed?: number;
            /** @description What arrived before this time */
            to?: string;
            /** @description Up to this position; by default what is stored now */
            upTo?: string;
        };
        ReplayState: {
            /** @enum {string} */
            state: "running" | "paused" | "stopped";
        };
        Retained: {
            /**
             * Format: date-time
             * @description When it was published
             */
            at: string;
            /** Format: date-time */
            expiresAt?: string;
            publisher?: string;
            /** Format: int64 */
            qos: number;
            /**
             * Format: int64
             * @description Bytes of the payload
             */
            size: number;
            topic: string;
        };
        RetainedMessage: {
            /**
             * Format: date-time
             * @description When it was published
             */
            at: string;
            /** @enum {string} */
            encoding: "text" | "base64";
            /** Format: date-time */
            expiresAt?: string;
            payload: string;
            publisher?: string;
            /** Format: int64 */
            qos: number;
            /**
             * Format: int64
             * @description Bytes of the payload
             */
            size: number;
            topic: string;
            /** @description True when only the payload's first 64 KiB are shown */
            truncated: boolean;
        };
        Said: {
            /** @description Which sentence; codes stay */
            code: string;
            /** @description What stands in it, in order */
            values: components["schemas"]["SaidValue"][];
        };
        SaidValue: {
            /**
             * Format: int64
             * @description A size
             */
            bytes?: number;
            /** Format: int64 */
            number?: number;
            reason?: components["schemas"]["WhyReason"];
            /** @description A part of the sentence */
            said?: components["schemas"]["Said"];
            /**
             * Format: double
             * @description A time span
             */
            seconds?: number;
            /** @description A name or other text */
            text?: string;
            /** Format: date-time */
            time?: string;
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
        SharedSubscription: {
            /**
             * Format: int64
             * @description How many members are
             */
            connected: number;
            /**
             * Format: int64
             * @description Messages that no member got since the start, whatever the reason, of one in memory, too
             */
            dropped: number;
            /** @description Of dropped, by reason, most first; retention is what is lost */
            droppedBy: components["schemas"]["DropCount"][];
            /** @description FILTER of $share/NAME/FILTER */
            filter: string;
            /** @description Its messages of QoS 1 and 2 wait in the log, since it has or had a member whose session survives the process. The figures from here to unacknowledged are of such a one alone. */
            lasting: boolean;
            /**
             * Format: int64
             * @description Messages that were given up since the start, because more waited than mqtt.session.backlog keeps
             */
            lost: number;
            /** Format: int64 */
            members: number;
            /**
             * Format: date-time
             * @description When the first message of those that no member has came, where it was found soon enough
             */
            oldest?: string;
            /** @description NAME of $share/NAME/FILTER */
            share: string;
            /**
             * @description How the member that gets a message is chosen
             * @enum {string}
             */
            strategy: "round_robin" | "random" | "sticky" | "hash_client" | "hash_topic" | "least_inflight";
            /**
             * Format: int64
             * @description Messages that members have and have not acknowledged
             */
            unacknowledged: number;
            /**
             * Format: int64
             * @description Messages that no member has, as far as they are counted; after a start that takes a moment
             */
            waiting: number;
            /** Format: int64 */
            waitingBytes: number;
        };
        SignIn: {
            /** Format: password */
            password: string;
            user: string;
        };
        SlowSubscriber: {
            /**
             * Format: date-time
             * @description When the last one did
             */
            at: string;
            client: string;
            /**
             * Format: int64
             * @description Messages that took too long, or were dropped because it did not read
             */
            count: number;
            /**
             * Format: double
             * @description Milliseconds, the longest: from a message's arrival to its acknowledgement, or until now while there is none; of a client that does not read, for how long its messages have been dropped
             */
            latency: number;
            /** @description Empty for a client that does not read, and for one whose session ends with its connection: nothing is kept of what it was sent */
            topic: string;
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
        StoredBackup: {
            /** Format: date-time */
            began?: string;
            /**
             * Format: int64
             * @description What it holds, shared with others or not
             */
            bytes: number;
            /**
             * @description complete: as it was written, as far as is known; unfinished: interrupted, the next one goes on with it; damaged: it cannot be restored
             * @enum {string}
             */
            condition: "complete" | "unfinished" | "damaged";
            /**
             * Format: int64
             * @description Entries of streams and buckets in it
             */
            entries: number;
            /** @description What is damaged, or a part of it */
            error?: string;
            /** @description Files that the configuration names and the back-up does not hold */
            leftOut?: string[];
            /** @description Its time, for millrace restore --at */
            name: string;
            node?: string;
            /**
             * Format: double
             * @description How long it took
             */
            seconds: number;
            /**
             * Format: int64
             * @description Streams and buckets in it
             */
            streams: number;
            /**
             * Format: date-time
             * @description When a node last read all of it back
             */
            verified?: string;
            /** @description Of the program that made it */
            version?: string;
        };
        StreamMessage: {
            /** @enum {string} */
            encoding: "text" | "base64";
            /**
             * Format: int32
             * @description Message expiry interval, seconds from time
             */
            expiry?: number;
            /** @description The whole payload */
            payload: string;
            /** @description Where it stands: entry:index */
            position: string;
            properties?: components["schemas"]["MessageProperties"];
            publisher?: string;
            /** Format: int64 */
            qos: number;
            retain: boolean;
            /**
             * Format: date-time
             * @description When it arrived at the node
             */
            time: string;
            topic: string;
        };
        StreamMessages: {
            messages: components["schemas"]["StreamMessage"][];
            /** @description There may be more that is stored already */
            more: boolean;
            /** @description Ask with after=next to go on; everything up to there was looked at */
            next: string;
            /** @description Messages behind the position asked for were removed before they were read, by retention or a purge */
            removed: boolean;
        };
        StreamPlace: {
            /** @description Everything up to here was looked at */
            position: string;
        };
        StreamPurge: {
            /** @description Everything that is stored */
            all?: boolean;
            /** @description What arrived before this time: RFC 3339, milliseconds since 1970, now, or relative such as -1h */
            before?: string;
            /** @description Tell what would be removed, and remove nothing */
            dryRun?: boolean;
            /** @description Also what sessions have still to get */
            force?: boolean;
            /** @description Up to this position */
            upTo?: string;
        };
        StreamReader: {
            /**
             * Format: int64
             * @description Entries of the log that are not done; one holds the messages of a moment
             */
            behind: number;
            /**
             * @description consumers: a consumer group
             * @enum {string}
             */
            kind: "historian" | "consumers";
            /**
             * Format: double
             * @description Seconds: how far back the newest message lies that is done; 0 for a reader that has all
             */
            lag: number;
            name: string;
            /** @description Up to here everything is done */
            position: string;
        };
        StreamSettings: {
            /** @description The stream that takes messages after this one; empty, the default, is the first one that takes every topic */
            before?: string;
            /** @description Topic filters of what it takes; none may begin with $ */
            filters?: string[];
            /**
             * Format: double
             * @description Seconds that a message is kept; 0 is for ever; default 30 days
             */
            maxAge?: number;
            /**
             * Format: int64
             * @description Bytes that are kept, the oldest go first; 0 is no bound, else 16 MiB at least; default 10 GiB
             */
            maxBytes?: number;
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
            /** @description The stream that it was told to stand before */
            before?: string;
            /** @description True for one that the node keeps for itself: it takes no topic by a filter, and users neither read nor change it */
            builtIn: boolean;
            /** @description Who made it */
            by?: string;
            /**
             * Format: int64
             * @description Bytes on disk
             */
            bytes: number;
            /**
             * Format: double
             * @description Bytes per second appended, before the log's own
             */
            bytesRate: number;
            /**
             * Format: date-time
             * @description When it was made, where it was
             */
            created?: string;
            /**
             * Format: int64
             * @description Entries that could not be read
             */
            damaged: number;
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
             * Format: double
             * @description Seconds that a message is kept; 0 is for ever
             */
            maxAge: number;
            /**
             * Format: int64
             * @description Bytes that are kept, the oldest go first; 0 is no bound
             */
            maxBytes: number;
            /**
             * Format: int64
             * @description Messages appended since the start
             */
            messages: number;
            name: string;
            /**
             * @description Where it comes from: the configuration file; made by API, ctl or console; or the node itself
             * @enum {string}
             */
            origin: "file" | "made" | "node";
            /**
             * Format: int64
             * @description Messages handed over and not yet kept
             */
            pending: number;
            /** @description Who follows the stream, each from a place of its own */
            readers: components["schemas"]["StreamReader"][];
            /**
             * Format: int64
             * @description Messages answered with an error since the start
             */
            refused: number;
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
        TopicMetric: {
            /**
             * Format: int64
             * @description Payload bytes published
             */
            bytesIn: number;
            /**
             * Format: int64
             * @description Payload bytes sent
             */
            bytesOut: number;
            /**
             * Format: int64
             * @description Messages that a subscriber did not get at once: no room, no time left
             */
            dropped: number;
            filter: string;
            /** @description Messages published */
            in: components["schemas"]["QoSCounts"];
            /**
             * Format: double
             * @description Messages per second published, over the last seconds
             */
            inRate: number;
            /** @description Messages sent to subscribers or queued for them, by the QoS of that */
            out: components["schemas"]["QoSCounts"];
            /**
             * Format: double
             * @description Messages per second sent, over the last seconds
             */
            outRate: number;
            /** Format: date-time */
            since: string;
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
        Trace: {
            /**
             * Format: int64
             * @description Size of the file
             */
            bytes: number;
            /** @description Why it ended: asked, size, time, disk or shutdown */
            ended?: string;
            /** @description What a download is called */
            file: string;
            /** @enum {string} */
            format: "text" | "pcapng";
            /**
             * @description What it follows
             * @enum {string}
             */
            kind: "client" | "topic" | "address";
            /**
             * Format: int64
             * @description Size at which it ends
             */
            maxBytes: number;
            /**
             * Format: int64
             * @description Packets that came faster than they could be written
             */
            missed: number;
            name: string;
            /**
             * Format: int64
             * @description Packets written
             */
            packets: number;
            /** @description True when payloads are written */
            payload: boolean;
            /** Format: date-time */
            started: string;
            /** @enum {string} */
            state: "running" | "stopped";
            /** Format: date-time */
            stopped?: string;
            /**
             * Format: date-time
             * @description Time at which it ends
             */
            until: string;
            /** @description The client identifier, topic filter or address */
            value: string;
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
        UserProperty: {
            name: string;
            value: string;
        };
        Verification: {
            /**
             * Format: int64
             * @description Their bytes
             */
            bytes: number;
            /** @description Those that cannot be restored */
            damaged?: string[];
            /** Format: date-time */
            ended: string;
            /** @description What is wrong, or a part of it */
            error?: string;
            /**
             * Format: int64
             * @description Files that are whole
             */
            files: number;
            /** @description The back-ups that were read */
            names: string[];
        };
        WhyAnswer: {
            client: string;
            /** @description The newest messages, oldest first */
            messages: components["schemas"]["WhyMessage"][];
            /**
             * Format: int64
             * @description Older messages that were found, too
             */
            more: number;
            /** @description What else may help: refusals, losses, topics with nearly the same name */
            notes: components["schemas"]["WhyNote"][];
            /**
             * @description What became of the newest message
             * @enum {string}
             */
            outcome: "acknowledged" | "sent" | "queued" | "waiting" | "dropped" | "refused" | "other_member" | "not_subscribed" | "no_local" | "no_client" | "no_message" | "unknown";
            /** @description Why it was dropped or refused */
            reason?: components["schemas"]["WhyReason"];
            said?: components["schemas"]["Said"];
            /** @description How the client stands, in sentences */
            state: components["schemas"]["WhyNote"][];
            /** @description The same in a sentence */
            text: string;
            topic: string;
            window: components["schemas"]["WhyWindow"];
        };
        WhyMessage: {
            /** @description Ask with message=id for this one alone, while it is recorded */
            id?: string;
            outcome: string;
            /** @description Where it is stored: stream:entry:index; it can be asked with, too */
            position?: string;
            publisher?: string;
            /** Format: int64 */
            qos: number;
            reason?: components["schemas"]["WhyReason"];
            retain: boolean;
            said?: components["schemas"]["Said"];
            steps: components["schemas"]["WhyNote"][];
            text: string;
            /**
             * Format: date-time
             * @description When it arrived at the node
             */
            time: string;
        };
        WhyNote: {
            /** Format: date-time */
            at?: string;
            reason?: components["schemas"]["WhyReason"];
            said?: components["schemas"]["Said"];
            text: string;
        };
        WhyReason: {
            /** @description To be quoted */
            code: string;
            /** @description As metrics and logs have it */
            reason: string;
            title: string;
        };
        WhyWindow: {
            /**
             * Format: int64
             * @description Messages before, which were overwritten since the start
             */
            forgotten: number;
            /**
             * Format: date-time
             * @description Since when everything is recorded
             */
            from: string;
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
    "get-access": {
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
                    "application/json": components["schemas"]["AccessOverview"];
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
    "reload-access": {
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
                    "application/json": components["schemas"]["AccessOverview"];
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
    "test-access": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["AccessQuestion"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AccessAnswer"];
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
    "set-mqtt-user": {
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
                "application/json": components["schemas"]["AccessPassword"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["MQTTUserSet"];
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
    "delete-mqtt-user": {
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
    "get-backup": {
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
                    "application/json": components["schemas"]["BackupState"];
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
    "start-backup": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewBackup"];
            };
        };
        responses: {
            /** @description Accepted */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["BackupState"];
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
    "list-backups": {
        parameters: {
            query?: {
                /** @description Page, from 1 */
                page?: number;
                /** @description Items a page at most */
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
                    "application/json": components["schemas"]["PageStoredBackup"];
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
    "verify-backups": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewVerification"];
            };
        };
        responses: {
            /** @description Accepted */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["BackupState"];
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
    "list-bans": {
        parameters: {
            query?: {
                /** @description Page, from 1 */
                page?: number;
                /** @description Items a page at most */
                limit?: number;
                /** @description Bans of this kind alone */
                kind?: "client_id" | "client_prefix" | "user" | "address" | "network" | "login";
                /** @description Part of the value */
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
                    "application/json": components["schemas"]["PageBan"];
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
    ban: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewBan"];
            };
        };
        responses: {
            /** @description Created */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Ban"];
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
    unban: {
        parameters: {
            query?: {
                /** @description The ban's value */
                value?: string;
            };
            header?: never;
            path: {
                /** @description As in the list */
                kind: string;
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
    "list-clients": {
        parameters: {
            query?: {
                /** @description Page, from 1 */
                page?: number;
                /** @description Items a page at most */
                limit?: number;
                /** @description What client identifiers begin with */
                prefix?: string;
                /** @description What the client identifier, user or address contains, letter case ignored */
                search?: string;
                state?: "connected" | "disconnected" | "all";
                /** @description Name of a listener */
                listener?: string;
                protocol?: "" | "3.1" | "3.1.1" | "5.0";
                /** @description Exactly this user name */
                user?: string;
                /** @description What addresses begin with */
                address?: string;
                /** @description Those whose last error has this reason, such as queue_full; any for those with one */
                reason?: string;
                /** @description lastError sorts by its time */
                sort?: "id" | "user" | "address" | "connectedAt" | "queued" | "queuedBytes" | "outputBytes" | "inflight" | "dropped" | "lastError" | "inRate" | "outRate";
                order?: "asc" | "desc";
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
                    "application/json": components["schemas"]["PageClient"];
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
    "kick-clients": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["KickClients"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Kicked"];
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
    "get-client": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Client identifier, escaped */
                id: string;
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
                    "application/json": components["schemas"]["ClientDetail"];
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
    "kick-client": {
        parameters: {
            query?: {
                /** @description Discard the session as well */
                session?: boolean;
            };
            header?: never;
            path: {
                /** @description Client identifier, escaped */
                id: string;
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
    "list-delayed": {
        parameters: {
            query?: {
                /** @description Page, from 1 */
                page?: number;
                /** @description Items a page at most */
                limit?: number;
                /** @description Part of the topic or of the publisher, letter case ignored */
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
                    "application/json": components["schemas"]["PageDelayed"];
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
    "delete-delayed": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description As in the list */
                id: string;
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
    "list-listeners": {
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
                    "application/json": components["schemas"]["PageListener"];
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
    "reload-listeners": {
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
                    "application/json": components["schemas"]["Reloaded"];
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
    "get-redirect": {
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
                    "application/json": components["schemas"]["Redirect"];
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
    "set-redirect": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewRedirect"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Redirect"];
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
    "end-redirect": {
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
    "list-refused": {
        parameters: {
            query?: {
                /** @description Page, from 1 */
                page?: number;
                /** @description Items a page at most */
                limit?: number;
                kind?: "" | "password" | "unknown" | "acl" | "protocol" | "tls" | "limit" | "ban" | "other";
                /** @description Exactly this reason, such as malformed_packet */
                reason?: string;
                /** @description What client identifiers begin with */
                client?: string;
                /** @description What addresses begin with */
                address?: string;
                /** @description Exactly this user name */
                user?: string;
                /** @description true: only of clients that had been let in, false: only of those at the door */
                admitted?: "" | "true" | "false";
                /** @description What client, user, address or text contain, letter case ignored */
                search?: string;
                /** @description Those that came since: RFC 3339, milliseconds since 1970, or relative such as -1h */
                since?: string;
                sort?: "lastAt" | "at" | "count" | "client" | "user" | "address" | "reason";
                order?: "asc" | "desc";
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
                    "application/json": components["schemas"]["PageRefusal"];
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
    "list-replays": {
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
                    "application/json": components["schemas"]["PageReplay"];
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
    "get-replay": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
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
                    "application/json": components["schemas"]["Replay"];
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
    "set-replay": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ReplayState"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Replay"];
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
    "list-retained": {
        parameters: {
            query?: {
                /** @description Page, from 1 */
                page?: number;
                /** @description Items a page at most */
                limit?: number;
                /** @description What topics begin with */
                prefix?: string;
                /** @description What topics contain, letter case ignored */
                search?: string;
                /** @description Those that this topic filter matches */
                filter?: string;
                /** @description Those that the client with this identifier published; * stands for any text */
                publisher?: string;
                sort?: "topic" | "size" | "at" | "expiresAt" | "publisher";
                order?: "asc" | "desc";
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
                    "application/json": components["schemas"]["PageRetained"];
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
    "delete-retained": {
        parameters: {
            query?: {
                /** @description This topic's */
                topic?: string;
                /** @description Those of all topics that the filter matches; $-topics need a filter that begins with $ */
                filter?: string;
                /** @description Those that the client with this identifier published; * stands for any text */
                publisher?: string;
                /** @description Count them only */
                dryRun?: boolean;
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
                    "application/json": components["schemas"]["Deleted"];
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
    "get-retained": {
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
                    "application/json": components["schemas"]["RetainedMessage"];
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
    "list-slow-subscribers": {
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
                    "application/json": components["schemas"]["PageSlowSubscriber"];
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
    "clear-slow-subscribers": {
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
    "create-stream": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewStream"];
            };
        };
        responses: {
            /** @description Created */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["StreamStatus"];
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
    "get-stream": {
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
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["StreamStatus"];
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
    "delete-stream": {
        parameters: {
            query?: {
                /** @description Also when sessions have still to get something of it */
                force?: boolean;
            };
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
    "change-stream": {
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
                "application/json": components["schemas"]["StreamSettings"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["StreamStatus"];
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
    "follow-stream": {
        parameters: {
            query?: {
                /** @description Behind this position, as next and position say */
                after?: string;
                /** @description From the first message of this time on: RFC 3339, milliseconds since 1970, now, or relative such as -1h */
                from?: string;
                /** @description Only topics that this topic filter matches */
                filter?: string;
            };
            header?: {
                /** @description The position of the last event that was got; it goes before after and from */
                "Last-Event-ID"?: string;
            };
            path: {
                name: string;
            };
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
                    "text/event-stream": components["schemas"]["StreamMessage"] | components["schemas"]["StreamPlace"];
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
    "list-groups": {
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
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PageConsumerGroup"];
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
    "create-group": {
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
                "application/json": components["schemas"]["NewGroup"];
            };
        };
        responses: {
            /** @description Created */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ConsumerGroup"];
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
    "get-group": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                name: string;
                group: string;
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
                    "application/json": components["schemas"]["ConsumerGroup"];
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
    "delete-group": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                name: string;
                group: string;
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
    "change-group": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                name: string;
                group: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ChangedGroup"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ConsumerGroup"];
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
    ack: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                name: string;
                group: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["GroupAck"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GroupAcked"];
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
    pull: {
        parameters: {
            query?: {
                /** @description Messages at most; about 4 MiB of them in any case */
                max?: number;
                /** @description Seconds to wait while there is nothing */
                wait?: number;
            };
            header?: never;
            path: {
                name: string;
                group: string;
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
                    "application/json": components["schemas"]["GroupMessages"];
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
    "read-stream": {
        parameters: {
            query?: {
                /** @description Behind this position, as next and position say */
                after?: string;
                /** @description From the first message of this time on: RFC 3339, milliseconds since 1970, now, or relative such as -1h */
                from?: string;
                /** @description Only topics that this topic filter matches */
                filter?: string;
                /** @description Messages at most; about 4 MiB of them in any case */
                limit?: number;
                /** @description Seconds to wait while there is nothing */
                wait?: number;
            };
            header?: never;
            path: {
                name: string;
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
                    "application/json": components["schemas"]["StreamMessages"];
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
    "purge-stream": {
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
                "application/json": components["schemas"]["StreamPurge"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Purged"];
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
    "begin-replay": {
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
                "application/json": components["schemas"]["ReplayOrder"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ReplayAnswer"];
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
    "list-subscriptions": {
        parameters: {
            query?: {
                /** @description Page, from 1 */
                page?: number;
                /** @description Items a page at most */
                limit?: number;
                /** @description Exactly this client */
                client?: string;
                /** @description Exactly this filter as subscribed, with $share/NAME/ before a shared one */
                filter?: string;
                /** @description What filters begin with */
                prefix?: string;
                /** @description What the filter or client contains, letter case ignored */
                search?: string;
                /** @description Those that match this topic name: who gets its messages */
                topic?: string;
                shared?: "all" | "only" | "none";
                sort?: "filter" | "client" | "qos";
                order?: "asc" | "desc";
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
                    "application/json": components["schemas"]["PageClientSubscription"];
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
    "list-shared": {
        parameters: {
            query?: {
                /** @description Page, from 1 */
                page?: number;
                /** @description Items a page at most */
                limit?: number;
                /** @description What share name or filter contains, letter case ignored */
                search?: string;
                sort?: "filter" | "share" | "members" | "connected" | "waiting" | "lost";
                order?: "asc" | "desc";
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
                    "application/json": components["schemas"]["PageSharedSubscription"];
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
    "list-topic-metrics": {
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
                    "application/json": components["schemas"]["PageTopicMetric"];
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
    "add-topic-metric": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CountTopic"];
            };
        };
        responses: {
            /** @description Created */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TopicMetric"];
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
    "delete-topic-metric": {
        parameters: {
            query: {
                filter: string;
            };
            header?: never;
            path?: never;
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
    "list-traces": {
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
                    "application/json": components["schemas"]["PageTrace"];
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
    "start-trace": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewTrace"];
            };
        };
        responses: {
            /** @description Created */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Trace"];
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
    "delete-trace": {
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
    "get-trace-file": {
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
            /** @description The file */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/octet-stream": string;
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
    "stop-trace": {
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
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Trace"];
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
    why: {
        parameters: {
            query: {
                /** @description Client identifier */
                client: string;
                /** @description Topic name of the messages */
                topic?: string;
                /** @description One message, by its id here or by stream:entry:index */
                message?: string;
                /** @description RFC 3339, milliseconds since 1970, now, or relative such as -1h */
                since?: string;
                /** @description Messages at most, the newest */
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
                    "application/json": components["schemas"]["WhyAnswer"];
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
}
