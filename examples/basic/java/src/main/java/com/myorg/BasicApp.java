package com.myorg;

import software.amazon.awscdk.App;

public final class BasicApp {
    private BasicApp() {
    }

    public static void main(final String[] args) {
        App app = new App();
        new BasicStack(app, "Basic");
        app.synth();
    }
}
